// What a cluster did in the last minutes, as plots: rates, queue, latencies, load.
import uPlot from "uplot";
import type { ClusterSamples } from "../../vscode/src/protocol";
import { counted, megabytes, seconds } from "./clusterModel.ts";
import { element } from "./elements.ts";

interface Line {
  name: keyof ClusterSamples;
  label: string;
  colour: string;
  scale?: string;
  isFilled?: boolean;
}

interface Kind {
  title: string;
  lines: Line[];
  text: (value: number | null) => string;
  /** Of the second scale. */
  other?: (value: number | null) => string;
}

const few = (value: number | null) => (value === null ? "–" : value < 10 && value % 1 ? value.toFixed(1) : counted(Math.round(value)));

const KINDS: Kind[] = [
  {
    title: "Tasks per second",
    text: few,
    lines: [
      { name: "done", label: "done", colour: "green", isFilled: true },
      { name: "failed", label: "failed", colour: "red" },
    ],
  },
  {
    title: "Queue",
    text: few,
    lines: [
      { name: "waiting", label: "waiting", colour: "orange", isFilled: true },
      { name: "running", label: "on engines", colour: "blue" },
    ],
  },
  {
    title: "Latency",
    text: seconds,
    lines: [
      { name: "slowest", label: "95 %", colour: "orange" },
      { name: "latency", label: "median", colour: "blue" },
      { name: "duration", label: "run", colour: "green" },
    ],
  },
  {
    title: "Load",
    text: (value) => (value === null ? "–" : value.toFixed(value && value < 1 ? 2 : 1)),
    other: megabytes,
    lines: [
      { name: "load", label: "processors", colour: "blue", isFilled: true },
      { name: "memory", label: "memory", colour: "orange", scale: "other" },
    ],
  },
];
const HEIGHT = 128; // pixels
const SHORTEST = 120; // seconds that are shown at least

export class ClusterPlots {
  readonly view = element("section", "charts");
  private readonly plots: { kind: Kind; holder: HTMLElement; plot: uPlot }[];
  private samples: ClusterSamples | undefined;

  constructor() {
    this.view.setAttribute("aria-label", "The last minutes");
    this.plots = KINDS.map((kind) => {
      const holder = element("figure");
      holder.append(element("figcaption", "", kind.title));
      this.view.append(holder);
      return { kind, holder, plot: new uPlot(options(kind), [[], ...kind.lines.map(() => [])], holder) };
    });
    const resized = new ResizeObserver(() => this.fit());
    this.plots.forEach(({ holder }) => resized.observe(holder));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      inks.clear();
      this.plots.forEach(({ plot }) => plot.redraw(false));
    });
  }

  show(samples: ClusterSamples): void {
    this.samples = samples;
    for (const { kind, plot } of this.plots) {
      plot.setData([samples.time, ...kind.lines.map(({ name }) => samples[name])]);
    }
  }

  private fit(): void {
    for (const { holder, plot } of this.plots) {
      if (holder.clientWidth && holder.clientWidth !== plot.width) {
        plot.setSize({ width: holder.clientWidth, height: HEIGHT });
      }
    }
    if (this.samples) {
      this.show(this.samples);
    }
  }
}

/** The theme's colours as a canvas knows them: of light and dark the one that is in force. */
const inks = new Map<string, string>();

function ink(name: string, opacity = 1): string {
  const key = `${name} ${opacity}`;
  let told = inks.get(key);
  if (told === undefined) {
    const probe = document.body.appendChild(element("i"));
    probe.style.color = `var(${name})`;
    told = getComputedStyle(probe).color;
    probe.remove();
    told = opacity === 1 ? told : told.replace(/^rgb\((.*)\)$/, `rgba($1, ${opacity})`);
    inks.set(key, told);
  }
  return told;
}

function options(kind: Kind): uPlot.Options {
  const soft = () => ink("--vscode-descriptionForeground");
  const font = "11px system-ui, sans-serif";
  const axis = { stroke: soft, font, grid: { stroke: () => ink("--vscode-panel-border"), width: 1 }, ticks: { show: false } };
  const values = (text: (value: number | null) => string) => (_: uPlot, splits: (number | null)[]) => splits.map(text);
  // From 0 on, and never a scale of nothing.
  const range: uPlot.Range.Function = (_, __, most) => [0, most > 0 ? most * 1.08 : 1];
  return {
    width: 300,
    height: HEIGHT,
    padding: [6, kind.other ? 0 : 18, 0, 0],
    cursor: { sync: { key: "cluster" }, points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: {
      x: { range: (_, least, most) => (most ? [Math.min(least, most - SHORTEST), most] : [0, SHORTEST]) },
      y: { range },
      ...(kind.other ? { other: { range } } : {}),
    },
    axes: [
      { ...axis, size: 22, space: 70, values: (_, splits) => splits.map((each) => new Date(each * 1000).toLocaleTimeString("en-GB").slice(0, each % 60 ? 8 : 5)) },
      { ...axis, size: 52, space: 26, values: values(kind.text) },
      ...(kind.other ? [{ ...axis, scale: "other", side: 1 as const, size: 58, space: 26, grid: { show: false }, values: values(kind.other) }] : []),
    ],
    series: [
      { label: "Time", value: (_, value) => (value === null ? "" : new Date(value * 1000).toLocaleTimeString("en-GB")) },
      ...kind.lines.map(({ label, colour: name, scale, isFilled }) => ({
        label,
        scale: scale ?? "y",
        width: 1.5,
        spanGaps: false,
        points: { show: (plot: uPlot, series: number) => isSparse(plot, series), size: 4 },
        stroke: () => ink(`--vscode-charts-${name}`),
        ...(isFilled ? { fill: () => ink(`--vscode-charts-${name}`, 0.15) } : {}),
        value: (plot: uPlot, value: number | null) => (scale ? (kind.other ?? few) : kind.text)(value ?? latest(plot, label)),
      })),
    ],
  };
}

/** Whether a line has too many gaps to be seen without its points. */
function isSparse(plot: uPlot, series: number): boolean {
  const values = plot.data[series] ?? [];
  return values.some((value, at) => value !== null && values[at - 1] == null && values[at + 1] == null);
}

/** Without a cursor the legend tells the newest value. */
function latest(plot: uPlot, label: string): number | null {
  const at = plot.series.findIndex((series) => series.label === label);
  return plot.cursor.idx == null ? (plot.data[at]?.at(-1) ?? null) : null;
}
