// The figures that cells have shown, the oldest first, within a bound. No editor, no page.
import type { BlobStore } from "../outputs/blobStore.ts";
import type { Output } from "../protocol";

export interface Figure {
  key: string;
  mime: string;
  /** The picture, in base64, for SVG as text; or what it is fetched by. */
  data: string | { blob: string };
  label: string;
  executionId: string;
  sessionId: string;
  sequence: number;
  displayId?: string;
}

export type PlotsMessage =
  | { type: "figures"; figures: { key: string; label: string; mime: string }[] }
  | { type: "picture"; key: string; data: string | null };

export type PlotsRequest =
  | { type: "ready" }
  | { type: "picture" | "delete" | "reveal"; key: string }
  | { type: "save"; mime: string; data: string }
  | { type: "told"; text: string };

const MIMES = ["image/png", "image/jpeg", "image/svg+xml", "image/gif", "image/webp"];
const MOST = 200;

/** The picture of a figure, in base64, for SVG as text; null where its session has it no longer. */
export async function pictureOf(figure: Figure | undefined, blobs: BlobStore): Promise<string | null> {
  if (!figure || typeof figure.data === "string") {
    return (figure?.data as string | undefined) ?? null;
  }
  const { data, sessionId, sequence, mime } = figure;
  try {
    const base64 = await blobs.get({ id: data.blob, sessionId, sequence });
    return mime === "image/svg+xml" ? new TextDecoder().decode(Uint8Array.from(atob(base64), (each) => each.charCodeAt(0))) : base64;
  } catch {
    return null; // the page says that it is gone
  }
}

export class Figures {
  private list: Figure[] = [];
  private readonly last = new Map<string, number>(); // session → its last event: a replay tells it again
  private readonly most: number;

  constructor(most = MOST) {
    this.most = most;
  }

  /** Take what a cell showed; whether that changed the figures. */
  add(output: Output): boolean {
    if (output.sequence <= (this.last.get(output.sessionId) ?? 0)) {
      return false;
    }
    this.last.set(output.sessionId, output.sequence);
    const mime = MIMES.find((name) => name in (output.data ?? {}));
    if (!mime) {
      return false;
    }
    const { executionId, sessionId, sequence, displayId } = output;
    const made: Figure = {
      key: `${sessionId}:${sequence}`,
      mime,
      data: output.data?.[mime] as Figure["data"],
      label: "",
      executionId,
      sessionId,
      sequence,
      ...(displayId ? { displayId } : {}),
    };
    if (output.kind === "update") {
      return this.update(made);
    }
    made.label = `Figure ${sequence}${output.engine == null ? "" : `, engine ${output.engine}`}`;
    this.list.push(made);
    this.list.splice(0, this.list.length - this.most);
    return true;
  }

  all(): readonly Figure[] {
    return this.list;
  }

  get(key: string): Figure | undefined {
    return this.list.find((figure) => figure.key === key);
  }

  delete(key: string): void {
    this.list = this.list.filter((figure) => figure.key !== key);
  }

  clear(): void {
    this.list = [];
  }

  private update(to: Figure): boolean {
    const isOne = ({ sessionId, displayId }: Figure) => displayId === to.displayId && sessionId === to.sessionId;
    const found = to.displayId !== undefined && this.list.some(isOne);
    this.list = this.list.map((figure) =>
      found && isOne(figure) ? { ...to, label: figure.label, executionId: figure.executionId } : figure,
    );
    return found;
  }
}
