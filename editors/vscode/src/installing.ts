// Where vivo is not installed: told of once, with an offer to put it into an environment of its own in
// this extension's storage, by pip. Nothing is downloaded before the user says so.
import { execFile, spawn } from "node:child_process";
import { promises as fs } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { COMMAND_SETTING, findProgram, isDefault, ownEnvironment } from "./serverProgram";

const run = promisify(execFile);
const PACKAGE_SETTING = "vivo.server.package";
const PYTHONS = ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"];
const OLDEST = [3, 11] as const;
const HOME = homedir();
const FOLDERS = ["/usr/local/bin", "/opt/homebrew/bin", path.join(HOME, ".local", "bin")];
const MANAGERS = [path.join(HOME, ".pyenv", "versions"), path.join(HOME, ".local", "share", "uv", "python")];
const CHECK = "import sys, venv, ensurepip; print(*sys.version_info[:2])";
const INSTALL = "Install vivo";
const OPEN = "Open Setting";

export class Installer {
  private isAsking = false;

  /** @param installed called when there is a new server to start */
  constructor(
    private readonly storage: vscode.Uri,
    private readonly installed: () => Promise<void>,
  ) {}

  /** Tell that there is no server, with the ways on. */
  async explain(command: string): Promise<void> {
    if (this.isAsking) {
      return;
    }
    this.isAsking = true;
    try {
      const ways = isDefault() ? [INSTALL, OPEN] : [OPEN, INSTALL];
      const answer = await vscode.window.showErrorMessage(
        `vivo's language server was not found: there is no program “${command}”. Install vivo for this editor, or name its command in the setting ${COMMAND_SETTING}.`,
        ...ways,
      );
      if (answer === OPEN) {
        // Where the server runs on another machine, the setting is that machine's.
        const settings = vscode.env.remoteName ? "openRemoteSettings" : "openSettings";
        await vscode.commands.executeCommand(`workbench.action.${settings}`, { query: COMMAND_SETTING });
      } else if (answer === INSTALL) {
        await this.install();
      }
    } finally {
      this.isAsking = false;
    }
  }

  /** Install vivo, or its newest version, with progress; the server is started then. */
  async install(): Promise<void> {
    const python = await findPython();
    if (!python) {
      const again = await vscode.window.showErrorMessage(
        `vivo needs Python ${OLDEST.join(".")} or newer with venv for its server, and found none on the PATH, nor where pyenv, uv and Homebrew keep theirs. Install one and try again; your own code may run in an older one.`,
        "Try Again",
      );
      return again ? this.install() : undefined;
    }
    const environment = ownEnvironment(this.storage);
    const what = vscode.workspace.getConfiguration().get<string>(PACKAGE_SETTING) || "vivo[console]";
    const place = { location: vscode.ProgressLocation.Notification, title: "Installing vivo", cancellable: true };
    const problem = await vscode.window.withProgress(place, async (progress, cancelled) => {
      try {
        progress.report({ message: "making an environment" });
        await fs.mkdir(path.dirname(environment), { recursive: true });
        await step(python, ["-m", "venv", "--clear", environment], cancelled);
        progress.report({ message: "pip installs it and what it needs" });
        const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--upgrade", what];
        await step(path.join(environment, "bin", "python"), pip, cancelled);
        return undefined;
      } catch (error) {
        await fs.rm(environment, { recursive: true, force: true }); // half of it would be taken for vivo
        return cancelled.isCancellationRequested ? undefined : messageOf(error);
      }
    });
    if (problem) {
      await vscode.window.showErrorMessage(`vivo could not be installed: ${problem}`);
    } else if (await findProgram(path.join(environment, "bin", "vivo"))) {
      await vscode.workspace.getConfiguration().update(COMMAND_SETTING, undefined, vscode.ConfigurationTarget.Global);
      await this.installed();
    }
  }
}

/** The files that may be a Python: on the PATH first, then where version managers keep theirs. */
async function candidates(): Promise<string[]> {
  const found: string[] = [];
  for (const name of PYTHONS) {
    const file = await findProgram(name);
    if (file) {
      found.push(file);
    }
  }
  for (const folder of [...FOLDERS, ...(await managed())]) {
    for (const name of PYTHONS) {
      const file = path.join(folder, name);
      if (await findProgram(file)) {
        found.push(file);
        break;
      }
    }
  }
  return [...new Set(found)];
}

// pyenv's and uv's own, newest first; they are on the PATH of few.
async function managed(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of MANAGERS) {
    const names = await fs.readdir(folder).catch(() => []);
    names.sort((one, other) => other.localeCompare(one, "en", { numeric: true }));
    found.push(...names.map((name) => path.join(folder, name, "bin")));
  }
  return found;
}

/** The newest Python that can serve, found by asking each for its version. */
async function findPython(): Promise<string | undefined> {
  for (const file of await candidates()) {
    try {
      const { stdout } = await run(file, ["-I", "-c", CHECK], { timeout: 20000 });
      const [major = 0, minor = 0] = stdout.trim().split(" ").map(Number);
      if (major === OLDEST[0] && minor >= OLDEST[1]) {
        return file;
      }
    } catch {
      // no venv, or no Python at all: the next one
    }
  }
  return undefined;
}

/** Run a program to its end; its last line is told if it fails. */
function step(command: string, args: string[], cancelled: vscode.CancellationToken): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    let told = "";
    child.stderr.on("data", (data: Buffer) => {
      told = (told + data.toString()).slice(-4000);
    });
    const stopping = cancelled.onCancellationRequested(() => child.kill());
    child.on("error", reject);
    child.on("close", (code) => {
      stopping.dispose();
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(told.trim().split("\n").at(-1) || `${command} ended with ${code}`));
      }
    });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
