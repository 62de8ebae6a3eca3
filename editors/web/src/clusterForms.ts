// What is asked before a cluster is started or scaled.
import type { ClusterList } from "../../vscode/src/protocol";
import { button, closed, element } from "./elements.ts";

export interface WantedCluster {
  name: string;
  launcher: string;
  engines: number;
}

/** Ask which cluster is to start; null for none. */
export async function askStart({ clusters, launchers }: ClusterList): Promise<WantedCluster | null> {
  const launcher = element("select");
  launcher.append(...launchers.map((name) => new Option(name, name)));
  const engines = numberField(Math.max(1, navigator.hardwareConcurrency || 1), 1);
  const name = element("input");
  name.required = true;
  name.maxLength = 40;
  name.value = freeName(clusters.map((each) => each.name));
  const fields: [string, HTMLElement][] = [["Launcher", launcher], ["Engines", engines], ["Name", name]];
  return (await ask("Start a cluster", fields, "Start")) ? { name: name.value.trim(), launcher: launcher.value, engines: Number(engines.value) } : null;
}

/** Ask for a number; null for none. */
export async function askNumber(sentence: string, value: number, action: string): Promise<number | null> {
  const field = numberField(value, 0);
  return (await ask(sentence, [["Engines", field]], action)) ? Number(field.value) : null;
}

function freeName(taken: string[]): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? "cluster" : `cluster-${number}`;
    if (!taken.includes(name)) {
      return name;
    }
  }
}

function numberField(value: number, least: number): HTMLInputElement {
  const field = element("input");
  field.type = "number";
  field.min = String(least);
  field.max = "10000";
  field.required = true;
  field.value = String(value);
  return field;
}

function ask(title: string, fields: [string, HTMLElement][], action: string): Promise<boolean> {
  const holder = element("dialog", "small");
  holder.setAttribute("aria-label", title);
  const form = element("form");
  form.method = "dialog";
  form.append(element("strong", "", title));
  for (const [name, field] of fields) {
    const label = element("label", "field");
    label.append(element("span", "", name), field);
    form.append(label);
  }
  const row = element("div");
  const submit = element("button", "primary", action);
  submit.value = "yes";
  row.append(submit, " ", button("", "Cancel", "Cancel", () => holder.close("")));
  form.append(row);
  holder.append(form);
  return closed(holder).then((answer) => answer === "yes");
}
