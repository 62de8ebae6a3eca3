// What is known of the cluster that is shown, put together from what has changed. No page.
import type { ClusterChanges, ClusterFailure, ClusterSamples, EngineFacts } from "../../vscode/src/protocol";

export interface Engine extends EngineFacts {
  /** Processors that it keeps busy. */
  load: number | null;
  /** MiB. */
  memory: number | null;
  tasks: number;
  done: number;
  failed: number;
}

export const SECONDS = 600;
const MOST_FAILURES = 50;

export class ClusterModel {
  readonly engines = new Map<number, Engine>();
  samples = noSamples();
  /** The newest first. */
  failures: ClusterFailure[] = [];
  last: ClusterChanges | undefined;

  apply(changes: ClusterChanges): void {
    this.last = changes;
    if (changes.isWhole) {
      this.engines.clear();
      this.samples = noSamples();
      this.failures = [];
    }
    changes.gone.forEach((number) => this.engines.delete(number));
    for (const facts of changes.engines) {
      const { load, memory, tasks, done, failed } = this.engines.get(facts.number) ?? { load: null, memory: null, tasks: 0, done: 0, failed: 0 };
      this.engines.set(facts.number, { ...facts, load, memory, tasks, done, failed });
    }
    const { uses } = changes;
    uses.number.forEach((number, at) => {
      const engine = this.engines.get(number);
      if (engine) {
        engine.load = uses.load[at] ?? null;
        engine.memory = uses.memory[at] ?? null;
        engine.tasks = uses.tasks[at] ?? 0;
        engine.done = uses.done[at] ?? 0;
        engine.failed = uses.failed[at] ?? 0;
      }
    });
    for (const name of Object.keys(this.samples) as (keyof ClusterSamples)[]) {
      const column = this.samples[name] as (number | null)[];
      column.push(...changes.samples[name]);
      column.splice(0, column.length - SECONDS);
    }
    this.failures.unshift(...changes.failures.toReversed());
    this.failures.length = Math.min(this.failures.length, MOST_FAILURES);
  }

  /** How many engines are in each state. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { state } of this.engines.values()) {
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return counts;
  }

  /** The newest sample's value of a column. */
  now(name: keyof ClusterSamples): number | null {
    return this.samples[name].at(-1) ?? null;
  }

  /** The mean of a column over the last seconds. */
  lately(name: keyof ClusterSamples, seconds = 5): number {
    const values = this.samples[name].slice(-seconds);
    return values.length ? values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / values.length : 0;
  }
}

function noSamples(): ClusterSamples {
  return { time: [], up: [], load: [], memory: [], waiting: [], running: [], done: [], failed: [], latency: [], slowest: [], duration: [] };
}

const COUNT = new Intl.NumberFormat("en");

export function counted(value: number | null): string {
  return value === null ? "–" : COUNT.format(value);
}

/** Seconds as people read them. */
export function seconds(value: number | null): string {
  if (value === null) {
    return "–";
  }
  if (value === 0) {
    return "0";
  }
  const [number, unit] = value < 0.001 ? [value * 1e6, "µs"] : value < 1 ? [value * 1e3, "ms"] : value < 120 ? [value, "s"] : [value / 60, "min"];
  return `${number < 10 ? number.toFixed(1) : number.toFixed(0)} ${unit}`;
}

/** MiB as people read them. */
export function megabytes(value: number | null): string {
  if (value === null) {
    return "–";
  }
  return value < 1024 ? `${value.toFixed(0)} MiB` : value < 10_240 ? `${(value / 1024).toFixed(1)} GiB` : `${(value / 1024).toFixed(0)} GiB`;
}

export function clock(epoch: number): string {
  return new Date(epoch * 1000).toLocaleTimeString("en-GB");
}
