// All figures of the session, drawn by the panel in its frame.
import type { BlobStore } from "../../vscode/src/outputs/blobStore.ts";
import { Figures, pictureOf, type PlotsMessage, type PlotsRequest } from "../../vscode/src/plots/figures.ts";
import type { Output } from "../../vscode/src/protocol";
import { notice } from "./elements.ts";
import { Panel, savePicture } from "./panel.ts";

export class Plots {
  private figures = new Figures();
  private readonly bySession = new Map<string, Figures>();
  private isReady = false;
  private readonly panel: Panel<PlotsMessage, PlotsRequest>;

  constructor(
    private readonly blobs: BlobStore,
    private readonly reveal: (executionId: string) => void,
  ) {
    this.panel = new Panel("plots", "Figures", (asked) => void this.answer(asked));
  }

  get frame(): HTMLIFrameElement {
    return this.panel.frame;
  }

  add(output: Output): void {
    const figures = this.of(output.sessionId);
    if (figures.add(output) && figures === this.figures) {
      this.tellAll();
    }
  }

  /** Show the figures of a session. */
  show(sessionId: string): void {
    this.figures = this.of(sessionId);
    this.tellAll();
  }

  private of(sessionId: string): Figures {
    const figures = this.bySession.get(sessionId) ?? new Figures();
    this.bySession.set(sessionId, figures);
    return figures;
  }

  private async answer(asked: PlotsRequest): Promise<void> {
    switch (asked.type) {
      case "ready":
        this.isReady = true;
        return this.tellAll();
      case "delete":
        this.figures.delete(asked.key);
        return this.tellAll();
      case "reveal": {
        const figure = this.figures.get(asked.key);
        return figure && this.reveal(figure.executionId);
      }
      case "picture":
        return this.panel.tell({ type: "picture", key: asked.key, data: await pictureOf(this.figures.get(asked.key), this.blobs) });
      case "save":
        return savePicture(asked.mime, asked.data);
      case "told":
        return notice(asked.text);
    }
  }

  private tellAll(): void {
    if (this.isReady) {
      const figures = this.figures.all().map(({ key, label, mime }) => ({ key, label, mime }));
      this.panel.tell({ type: "figures", figures });
    }
  }
}
