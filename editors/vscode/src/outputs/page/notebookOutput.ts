// An output as a notebook's cell has it (nbformat 4), drawn as the panel draws its own.
import type { Output } from "../../protocol";
import { element, TerminalView } from "./elements";
import { rendered } from "./render";

type Fields = Record<string, unknown>;

export function notebookOutput(output: Fields, sessionId: string): HTMLElement {
  const holder = element("div", "output");
  const kind = output["output_type"];
  if (kind === "stream") {
    holder.append(new TerminalView(output["name"] === "stderr" ? "stderr" : "stdout", joined(output["text"])).pre);
  } else if (kind === "error") {
    const lines = Array.isArray(output["traceback"]) ? output["traceback"] : [output["evalue"]];
    holder.append(new TerminalView("traceback", lines.map(String).join("\n")).pre);
  } else {
    holder.append(rendered({ ...NONE, sessionId, data: bundle(output["data"]) }));
  }
  return holder;
}

const NONE: Output = { executionId: "", sessionId: "", uri: null, sequence: 0, kind: "display" };

// Texts of a notebook may be lists of lines.
function bundle(data: unknown): Fields {
  const entries = Object.entries((data ?? {}) as Fields);
  return Object.fromEntries(
    entries.map(([mime, value]) => [mime, mime.endsWith("json") || !Array.isArray(value) ? value : joined(value)]),
  );
}

function joined(text: unknown): string {
  return Array.isArray(text) ? text.map(String).join("") : String(text ?? "");
}
