// Who is in the session, and whose cell runs.
import type { PersonHere } from "../../vscode/src/protocol";
import { element } from "./elements.ts";

const KINDS: Record<PersonHere["kind"], string> = { editor: "in an editor", console: "in a terminal", web: "in a browser", jupyter: "by Jupyter" };
const ROLES: Record<PersonHere["role"], string> = { owner: "may do all", runner: "runs cells", viewer: "looks on" };

export class People {
  private all: PersonHere[] = [];
  private running: string[] = [];

  constructor(private readonly holder: HTMLElement) {
    holder.role = "list";
  }

  draw(all: PersonHere[]): void {
    this.all = all;
    this.redraw();
  }

  /** @param clients the names of those whose cells run */
  run(clients: string[]): void {
    this.running = clients;
    this.redraw();
  }

  private redraw(): void {
    const shown = this.all.length > 1 ? this.all : []; // who is alone knows it
    this.holder.replaceChildren(
      ...shown.map(({ name, kind, role, own }) => {
        const isRunning = this.running.includes(name);
        const person = element("span", isRunning ? "person running" : "person", own ? `${name}, you` : name);
        person.role = "listitem";
        person.title = [KINDS[kind], ROLES[role], ...(isRunning ? ["a cell of theirs runs"] : [])].join("; ");
        return person;
      }),
    );
  }
}
