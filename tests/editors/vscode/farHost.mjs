// Another host for a workbench's test: an sshd of the test's own, with a home of its own.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { ROOT } from "./workbench.mjs";

export class FarHost {
  static async start() {
    const self = new FarHost();
    self.folder = fs.mkdtempSync("/tmp/vh-");
    const python = path.join(ROOT, ".venv/bin/python");
    self.process = spawn(python, ["-m", "tests.cluster.far_host", self.folder], {
      cwd: ROOT,
      env: { ...process.env, HOME: self.folder, VIVO_TEST_HOME: self.folder },
      stdio: ["pipe", "pipe", "inherit"],
    });
    for await (const line of readline.createInterface({ input: self.process.stdout })) {
      self.bin = line; // of the ssh that reaches it, to stand first in PATH
      return self;
    }
    throw new Error("the other host did not start");
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.stdin.end();
    await ended;
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
