// A real workbench of VS Code for test_five.py, in the homes of its environment. Its word: the name of a file.
// It reads a line of JSON for each wish ({"do": …}), and answers each with one; as the wishes end, it ends.
import readline from "node:readline";
import { Workbench } from "../editors/vscode/workbench.mjs";

const HOMES = ["HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR"];
const [file] = process.argv.slice(2);
const answer = (found) => process.stdout.write(`${JSON.stringify(found)}\n`);

const environment = Object.fromEntries(HOMES.map((name) => [name, process.env[name]]));
const workbench = await Workbench.start({ [file]: "# %% together\n" }, { environment });
const wishes = {
  // The text of a new cell is in the editor; `run` runs it.
  async write({ text }) {
    await workbench.append(`\n\n# %%\n${text}`);
    return {};
  },
  async run() {
    await workbench.page.keyboard.press("Control+Enter");
    return {};
  },
  async reveal() {
    await workbench.command("vivo: Show Output");
    await workbench.panel.locator("#cells").waitFor({ state: "attached" });
    await workbench.focus();
    return {};
  },
  async untilIdle() {
    await workbench.status("idle").waitFor({ timeout: 60000 });
    return {};
  },
  // Of each cell in the panel: whose it is, if that is said, and what it has printed.
  async cells() {
    const found = await workbench.panel.locator(".cell").evaluateAll((cells) =>
      cells.map((cell) => ({
        who: cell.querySelector(".who")?.textContent ?? null,
        text: [...cell.querySelectorAll("pre.stdout")].map((each) => each.innerText).join(""),
      })),
    );
    return { cells: found };
  },
};

let failed = 0;
try {
  await workbench.open(file);
  answer({ folder: workbench.workspace });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const wish = JSON.parse(line);
    answer(await wishes[wish.do](wish));
  }
} catch (error) {
  await workbench.picture({ name: "five VS Code", passed: false });
  answer({ error: error.stack ?? String(error) });
  failed = 1;
}
const left = await workbench.stop();
answer({ left });
process.exit(failed);
