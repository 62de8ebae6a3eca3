// The cluster: which is shown, what is done with it, its plots, engines and failures.
//
// 1. It is watched while it is seen, and no longer.
// 2. A connection that came back has another server: it is asked for all anew.
import {
  type ClusterChanges,
  type ClusterList,
  type ClusterStatus,
  Commands,
  Notifications,
  type InterruptedEngines,
} from "../../vscode/src/protocol";
import { EnginePanel } from "./clusterEngine.ts";
import { FailureList } from "./clusterFailures.ts";
import { askNumber, askStart } from "./clusterForms.ts";
import { ClusterModel, counted, megabytes, seconds } from "./clusterModel.ts";
import { ClusterPlots } from "./clusterPlots.ts";
import { EngineTable } from "./clusterTable.ts";
import { button, element, notice, sentenceOf } from "./elements.ts";
import type { Session } from "./session.ts";

const AGAIN = 2000; // milliseconds
const TILES = ["Engines", "Waiting", "On engines", "Tasks/s", "Latency", "Load", "Memory"] as const;

export class Cluster {
  readonly view = element("div");
  private model = new ClusterModel();
  private name: string | undefined;
  private isSeen = false;
  private list: ClusterList = { clusters: [], launchers: ["local"] };
  private generation = 0;
  private readonly picker = element("select");
  private readonly told = element("span", "told");
  private readonly problems = element("p", "problem");
  private readonly empty = element("p", "none");
  private readonly body = element("div", "body");
  private readonly tiles = new Map<string, HTMLElement>();
  private readonly plots = new ClusterPlots();
  private readonly table = new EngineTable((number) => this.open(number));
  private readonly failures = new FailureList();
  private readonly engine: EnginePanel;
  private readonly side = element("aside");
  private readonly failuresTab: HTMLButtonElement;
  private readonly engineTab: HTMLButtonElement;
  private readonly ofRunning: HTMLButtonElement[];

  constructor(
    private readonly session: Session,
    /** Ask the user to choose; null for none. */
    private readonly choose: (sentence: string, actions: string[]) => Promise<string | null>,
  ) {
    this.view.id = "cluster";
    this.engine = new EnginePanel(session, {
      interrupt: (engines) => void this.interrupt(engines),
      remove: (engine) => void this.remove([engine]),
    });
    this.picker.setAttribute("aria-label", "Cluster");
    this.picker.onchange = () => this.show(this.picker.value);
    this.picker.onfocus = () => void this.drawPicker();
    this.ofRunning = [
      button("", "Start engines, or end some", "Scale…", () => void this.scale()),
      button("", "Interrupt what all engines run", "Interrupt all", () => void this.interrupt(null)),
      button("", "End the engines and the controller", "Stop…", () => void this.stop()),
    ];
    const bar = element("header", "bar");
    bar.append(this.picker, this.told, element("span", "stretch"), button("", "Start a cluster", "Start…", () => void this.start()), ...this.ofRunning);
    const tiles = element("div", "tiles");
    for (const name of TILES) {
      const tile = element("div", "tile");
      const value = element("strong", "", "–");
      tile.append(element("span", "", name), value);
      this.tiles.set(name, value);
      tiles.append(tile);
    }
    this.failuresTab = button("", "What went wrong", "Failures", () => this.open(undefined));
    this.engineTab = button("", "The engine that was chosen", "Engine", () => this.openSide(true));
    const sideTabs = element("header");
    sideTabs.append(this.failuresTab, this.engineTab);
    this.side.setAttribute("aria-label", "Failures, or one engine");
    this.side.append(sideTabs, this.failures.view, this.engine.view);
    const below = element("div", "below");
    below.append(this.table.view, this.side);
    this.body.append(tiles, this.problems, this.plots.view, below);
    this.view.append(bar, this.empty, this.body);
    this.openSide(false);
    this.engineTab.hidden = true;
    session.wire.hear(Notifications.clusterChanges, (changes: ClusterChanges) => changes.name === this.name && this.take(changes));
    new IntersectionObserver((seen) => this.seen(seen.at(-1)?.isIntersecting ?? false)).observe(this.view);
    document.addEventListener("visibilitychange", () => this.seen(document.visibilityState === "visible" && this.view.checkVisibility()));
    this.draw();
  }

  /** There is a connection, which may be another one than before. */
  connected(): void {
    if (this.isSeen) {
      void this.begin();
    }
  }

  private seen(isSeen: boolean): void {
    if (isSeen !== this.isSeen) {
      this.isSeen = isSeen;
      void (isSeen ? this.begin() : this.end());
    }
  }

  private async begin(): Promise<void> {
    await this.drawPicker();
    const { clusters } = this.list;
    // One that has much to do may not have answered in time when they were listed.
    const first = clusters.find(({ state }) => state === "running") ?? clusters.find(({ state }) => state !== "killed");
    this.show(this.name ?? first?.name);
  }

  private end(): void {
    this.generation++;
    this.engine.open(undefined);
    void this.session.command(Commands.clusterWatch, { name: null }).catch(() => undefined); // it is lost anyway
  }

  /** @param isStarting whether the server says by itself why it is not there */
  private show(name: string | undefined, isStarting = false): void {
    const generation = ++this.generation;
    if (name !== this.name) {
      this.model = new ClusterModel();
      this.open(undefined);
      this.engineTab.hidden = true;
    }
    this.name = name || undefined;
    this.draw();
    if (!this.name) {
      return;
    }
    this.picker.value = this.name;
    this.session.command<ClusterChanges>(Commands.clusterWatch, { name: this.name }).then(
      (changes) => {
        if (generation === this.generation) {
          this.take(changes);
          void this.drawPicker();
          this.engine.open(this.engine.number);
        }
      },
      async (error) => {
        if (generation !== this.generation) {
          return;
        }
        if (!isStarting) {
          notice(sentenceOf(error));
        }
        await this.drawPicker();
        if (this.list.clusters.some((each) => each.name === name && each.state !== "killed")) {
          setTimeout(() => generation === this.generation && this.show(name), AGAIN); // it has much to do, perhaps
          return;
        }
        this.name = undefined;
        void this.drawPicker();
        this.draw();
      },
    );
  }

  private take(changes: ClusterChanges): void {
    this.model.apply(changes);
    if (changes.state === "none") {
      this.name = undefined;
      this.engine.open(undefined);
      void this.drawPicker();
    }
    this.draw();
  }

  private async drawPicker(): Promise<void> {
    this.list = await this.session.command<ClusterList>(Commands.clusterList, {}).catch(() => this.list);
    const names = this.list.clusters.map(({ name }) => name);
    if (this.name && !names.includes(this.name)) {
      names.unshift(this.name);
    }
    const cwd = (name: string) => this.list.clusters.find((each) => each.name === name)?.cwd;
    this.picker.replaceChildren(
      ...(this.name ? [] : [new Option(names.length ? "Choose a cluster" : "No cluster", "")]),
      ...names.map((name) => new Option(cwd(name) ? `${name} — ${cwd(name)}` : name, name)),
    );
    this.picker.value = this.name ?? "";
    this.picker.disabled = !names.length;
  }

  private draw(): void {
    const { model } = this;
    const last = this.name ? model.last : undefined;
    this.body.hidden = !last;
    this.empty.hidden = Boolean(last);
    this.empty.textContent = this.name ? `${this.name} is on its way …` : "No cluster is shown. Start one, or choose one that runs.";
    this.ofRunning.forEach((each) => (each.disabled = last?.state !== "running"));
    if (!last) {
      this.told.textContent = "";
      return;
    }
    const counts = model.counts();
    const up = counts.get("up") ?? 0;
    const others = [...counts].filter(([state]) => state !== "up").map(([state, count]) => `${counted(count)} ${state}`);
    this.told.textContent = [
      last.state === "killed" ? "its controller was killed: “vivo cluster resume” takes it up again" : last.launcher,
      ...others,
      last.awaited ? `${counted(last.awaited)} on their way${last.launching ? `: ${last.launching}` : ""}` : "",
    ].filter(Boolean).join(" · ");
    const values: Record<(typeof TILES)[number], string> = {
      Engines: counted(up),
      Waiting: counted(model.now("waiting")),
      "On engines": counted(model.now("running")),
      "Tasks/s": rate(model.lately("done") + model.lately("failed")),
      Latency: seconds(model.samples.latency.findLast((value) => value !== null) ?? null),
      Load: (model.now("load") ?? 0).toFixed(1),
      Memory: megabytes(model.now("memory")),
    };
    for (const [name, value] of Object.entries(values)) {
      (this.tiles.get(name) as HTMLElement).textContent = value;
    }
    this.problems.textContent = last.problems.join(" ");
    this.problems.hidden = !last.problems.length;
    this.plots.show(model.samples);
    this.table.show([...model.engines.values()]);
    this.failures.show(model.failures);
    this.failuresTab.textContent = model.failures.length ? `Failures (${model.failures.length})` : "Failures";
    if (this.engine.number !== undefined) {
      this.engine.tell(model.engines.get(this.engine.number));
    }
  }

  /** Show an engine in full; undefined for what failed anywhere. */
  private open(number: number | undefined): void {
    if (number !== undefined) {
      this.engineTab.hidden = false;
      this.engineTab.textContent = `Engine ${number}`;
      if (number !== this.engine.number) {
        this.engine.open(number);
      }
      this.engine.tell(this.model.engines.get(number));
    }
    this.openSide(number !== undefined);
  }

  private openSide(isEngine: boolean): void {
    this.engine.view.hidden = !isEngine;
    this.failures.view.hidden = isEngine;
    this.engineTab.ariaPressed = String(isEngine);
    this.failuresTab.ariaPressed = String(!isEngine);
  }

  // --- What is done ------------------------------------------------------------------------------

  private async start(): Promise<void> {
    await this.drawPicker();
    const wanted = await askStart(this.list);
    if (wanted) {
      await this.attempt(async () => {
        await this.session.command<ClusterStatus>(Commands.clusterStart, { uri: this.session.uri, ...wanted });
        this.show(wanted.name, true);
      });
    }
  }

  private async scale(): Promise<void> {
    const numbers = [...this.model.engines.keys()].sort((one, other) => one - other);
    const count = await askNumber("How many engines?", numbers.length, "Scale");
    if (count === null || count === numbers.length) {
      return;
    }
    if (count < numbers.length) {
      await this.remove(numbers.slice(count));
    } else {
      await this.change({ add: count - numbers.length, remove: [] });
    }
  }

  private async remove(engines: number[]): Promise<void> {
    const named = engines.length === 1 ? `engine ${engines[0]}` : `${engines.length} engines (${engines[0]} to ${engines.at(-1)})`;
    if (await this.choose(`End ${named}? Their variables are lost; their tasks go to the others.`, ["End"])) {
      await this.change({ add: 0, remove: engines });
    }
  }

  private change(change: { add: number; remove: number[] }): Promise<void> {
    return this.attempt(() => this.session.command(Commands.clusterScale, { uri: this.session.uri, name: this.name, ...change }));
  }

  private interrupt(engines: number[] | null): Promise<void> {
    return this.attempt(async () => {
      const told = await this.session.command<InterruptedEngines>(Commands.clusterInterrupt, { engines });
      const count = told.engines.length;
      notice(count === 1 ? `Engine ${told.engines[0]} was told to interrupt what it runs.` : `${counted(count)} engines were told to interrupt what they run.`, 3);
    });
  }

  private async stop(): Promise<void> {
    const { name } = this;
    if (await this.choose(`Stop ${name}? Its ${counted(this.model.engines.size)} engines end, with their variables.`, ["Stop"])) {
      await this.attempt(() => this.session.command(Commands.clusterStop, { uri: this.session.uri, name }));
    }
  }

  private async attempt(action: () => Promise<unknown>): Promise<void> {
    await action().catch((error: unknown) => notice(sentenceOf(error)));
  }
}

function rate(value: number): string {
  return value === 0 ? "0" : value < 10 ? value.toFixed(1) : counted(Math.round(value));
}
