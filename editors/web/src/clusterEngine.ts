// One engine: what it is, what it has to do, what failed there last, what it has run and printed.
import { TerminalView } from "../../vscode/src/outputs/page/elements.ts";
import { Commands, type EngineView } from "../../vscode/src/protocol";
import { failureEntry } from "./clusterFailures.ts";
import { clock, type Engine, megabytes } from "./clusterModel.ts";
import { button, element, sentenceOf } from "./elements.ts";
import type { Session } from "./session.ts";

const MOST_PICTURES = 20;
const AGAIN = 1000; // milliseconds between an answer and the next question

export interface EngineActions {
  interrupt(engines: number[]): void;
  remove(engine: number): void;
}

export class EnginePanel {
  readonly view = element("div", "engine");
  number: number | undefined;
  private readonly facts = element("dl");
  private readonly work = element("div", "work");
  private readonly failure = element("div");
  private readonly problem = element("p", "problem");
  private readonly scroller = element("div", "output");
  private output = new TerminalView("", "");
  private last: number | null = null;
  private failed = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private generation = 0;
  private isAtEnd = true; // whether its output is seen to the end, and is to be followed

  constructor(
    private readonly session: Session,
    actions: EngineActions,
  ) {
    const row = element("div", "actions");
    row.append(
      button("", "Interrupt what this engine runs", "Interrupt", () => this.number !== undefined && actions.interrupt([this.number])),
      button("", "End this engine", "Remove…", () => this.number !== undefined && actions.remove(this.number)),
    );
    this.problem.hidden = true;
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("aria-label", "What the engine has run and printed");
    this.view.append(row, this.facts, this.work, this.failure, element("h3", "", "Output"), this.problem, this.scroller);
  }

  /** Show an engine, and what it prints from now on; undefined for none. */
  open(number: number | undefined): void {
    this.number = number;
    this.last = null;
    this.failed = "";
    this.work.replaceChildren();
    this.failure.replaceChildren();
    this.problem.hidden = true;
    this.begin();
    clearTimeout(this.timer);
    this.generation++;
    if (number !== undefined) {
      void this.ask(this.generation);
    }
  }

  /** What the table knows of it. */
  tell(engine: Engine | undefined): void {
    const told: [string, string][] = engine
      ? [
          ["State", engine.reason ? `${engine.state}: ${engine.reason}` : engine.state],
          ["Host", `${engine.host ?? "–"}${engine.pid ? `, process ${engine.pid}` : ""}`],
          ...(engine.rank === null ? [] : ([["Rank", String(engine.rank)]] as [string, string][])),
          ["Load", `${engine.load?.toFixed(2) ?? "–"} processors`],
          ["Memory", megabytes(engine.memory)],
          ["Tasks", `${engine.tasks} here, ${engine.done} done, ${engine.failed} failed`],
          ["Python", `${engine.pythonVersion ?? ""} ${engine.python ?? ""}`.trim() || "–"],
        ]
      : [["State", "It was taken out of the cluster."]];
    const text = JSON.stringify(told);
    if (this.facts.dataset["told"] !== text) {
      this.facts.dataset["told"] = text;
      this.facts.replaceChildren(...told.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
    }
  }

  private async ask(generation: number): Promise<void> {
    try {
      const told = await this.session.command<EngineView>(Commands.clusterEngine, { number: this.number, after: this.last });
      if (generation === this.generation) {
        this.draw(told);
      }
    } catch (error) {
      if (generation === this.generation) {
        this.problem.textContent = sentenceOf(error);
        this.problem.hidden = false;
      }
    }
    if (generation === this.generation) {
      this.timer = setTimeout(() => void this.ask(generation), AGAIN);
    }
  }

  private draw({ running, waiting, tasks, failure, output, pictures, last, isWhole, problem }: EngineView): void {
    const lines = [
      running === null ? "" : `Runs a cell: ${running.trim().split("\n")[0] ?? ""}`,
      waiting ? `${waiting} ${waiting === 1 ? "cell waits" : "cells wait"}` : "",
      ...tasks.slice(0, 5).map(({ id, isFirst, since }) => `Task ${id.slice(0, 12)} ${isFirst ? `runs${since ? ` since ${clock(since)}` : ""}` : "waits"}`),
      tasks.length > 5 ? `and ${tasks.length - 5} more` : "",
    ].filter(Boolean);
    this.work.replaceChildren(...lines.map((line) => element("div", "", line)));
    const failed = failure ? JSON.stringify(failure) : "";
    if (failed !== this.failed) {
      this.failed = failed;
      this.failure.replaceChildren(...(failure ? [element("h3", "", "Last failure"), failureEntry(failure, true)] : []));
    }
    this.problem.textContent = problem;
    this.problem.hidden = !problem;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.isAtEnd = isWhole || scrollTop + clientHeight >= scrollHeight - 4;
    if (isWhole) {
      this.begin();
    }
    let told = isWhole && output.startsWith("\n") ? 1 : 0;
    for (const { at, mime, data } of pictures) {
      this.output.write(output.slice(told, at));
      this.show(`data:${mime};base64,${data}`);
      told = at;
    }
    this.output.write(output.slice(told));
    this.last = problem ? this.last : last;
    if (this.isAtEnd && (output || pictures.length)) {
      this.scroller.scrollTop = this.scroller.scrollHeight;
    }
  }

  private begin(): void {
    this.output = new TerminalView("", "");
    this.scroller.replaceChildren(this.output.pre);
  }

  /** A picture, and the text that follows it; the oldest go. */
  private show(source: string): void {
    const image = element("img");
    image.alt = "A picture that the engine has shown";
    image.src = source;
    image.onload = () => {
      if (this.isAtEnd) {
        this.scroller.scrollTop = this.scroller.scrollHeight; // it takes its place only now
      }
    };
    this.output = new TerminalView("", "");
    this.scroller.append(image, this.output.pre);
    const images = this.scroller.querySelectorAll("img");
    if (images.length > MOST_PICTURES) {
      images[0]?.remove();
    }
  }
}
