// Measures what the activation of the extension costs, as VS Code itself tells it under "Show Running
// Extensions": the bundle loaded and activate() run, in several fresh workbenches; prints the median, and
// what the workbench's own extensions took beside it, since a busy machine slows all.
import process from "node:process";
import { Workbench } from "./workbench.mjs";

const STARTS = Number(process.argv[2] ?? 5);
const times = [];
for (let start = 0; start < STARTS; start++) {
  const workbench = await Workbench.start({ "cells.py": "# %%\nx = 1\n" });
  try {
    const page = await workbench.open("cells.py");
    await workbench.status("vivo").waitFor();
    await workbench.command("Developer: Show Running Extensions");
    const row = page.locator(".runtime-extensions-editor .monaco-list-row").filter({ hasText: "vivo" }).first();
    await row.waitFor();
    const others = await page.locator(".runtime-extensions-editor .monaco-list-row").allInnerTexts();
    console.log(others.map((text) => text.replaceAll(/\s+/g, " ")).join("\n"));
    const told = (await row.innerText()).replaceAll(/\s+/g, " ");
    const found = /Activation: ([\d,]+) ?ms/.exec(told);
    if (!found) throw new Error(`no time is told: ${told}`);
    times.push(Number(found[1].replace(",", "")));
  } finally {
    await workbench.stop();
  }
}
times.sort((one, other) => one - other);
console.log(`activation: median ${times[STARTS >> 1]} ms of ${times.join(", ")} ms`);
