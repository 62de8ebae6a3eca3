// The widgets of one session: models by their comms, and what their views send.
//
// 1. Only the classes that are bundled here are ever used: no code of a widget's is loaded.
// 2. A model that is not told yet is waited for; one that the session does not have is refused.
import * as base from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import * as controls from "@jupyter-widgets/controls";
import type { CommEvent } from "../../protocol";
import type { WidgetHost } from "../page/widget";
import { messageOf, type Sent, SessionComm } from "./comm";
import { harmlessHtml } from "./harmlessHtml";
import { HTML } from "./htmlWidgets";
import { typeset } from "./mathematics";
import { OutputModel, outputView } from "./outputWidget";
import { UnknownModel, UnknownView } from "./unknownWidget";

type Classes = Record<string, unknown>;
const WIDGETS = "jupyter.widget";

export class Manager extends ManagerBase {
  private readonly comms = new Map<string, SessionComm>();
  private readonly waiting = new Map<string, ((isThere: boolean) => void)[]>();
  private readonly classes: Record<string, { major: string; classes: Classes }>;
  private readonly dead = new Set<string>();
  /** By this name the library looks for who draws mathematics. */
  readonly _rendermime: { latexTypesetter: { typeset(element: HTMLElement): void } };
  /** The comms that are open in the session, once they are known. */
  private open: Set<string> | undefined;

  constructor(
    private readonly sessionId: string,
    private readonly sent: Sent,
    host: WidgetHost,
  ) {
    super();
    this._rendermime = { latexTypesetter: { typeset: (element) => typeset(element, (text) => host.math(text)) } };
    this.classes = {
      "@jupyter-widgets/base": { major: "2", classes: base as unknown as Classes },
      "@jupyter-widgets/controls": { major: "2", classes: { ...controls, ...HTML } },
      "@jupyter-widgets/output": { major: "1", classes: { OutputModel, OutputView: outputView(host, sessionId) } },
    };
  }

  /** Whether it is known which models the session has. */
  get isComplete(): boolean {
    return this.open !== undefined;
  }

  /** Whether the session has a model; undefined where its state may come yet. */
  knows(modelId: string): boolean | undefined {
    if (this.dead.has(modelId)) {
      return false;
    }
    return this.has_model(modelId) || !this.open || this.open.has(modelId) ? this.has_model(modelId) || undefined : false;
  }

  /** Take what the session tells. */
  async told(event: CommEvent): Promise<void> {
    const { commId = "" } = event;
    const comm = this.comms.get(commId);
    if (event.kind !== "open") {
      comm?.told(event);
      if (event.kind === "close") {
        this.comms.delete(commId);
        this.open?.delete(commId);
      }
      return;
    }
    if (event.target !== WIDGETS) {
      return;
    }
    this.open?.add(commId);
    if (comm && this.has_model(commId)) {
      comm.told({ ...event, kind: "msg", data: { ...event.data, method: "update" } });
      return;
    }
    const made = new SessionComm(commId, WIDGETS, this.sessionId, this.sent);
    this.comms.set(commId, made);
    await this.handle_comm_open(made, messageOf(event) as never);
  }

  /** All that is open is known by name now: what else is waited for never comes. */
  complete(comms: string[]): void {
    this.open = new Set(comms);
    for (const modelId of this.comms.keys()) {
      if (!this.open.has(modelId)) {
        this.end(modelId);
      }
    }
    for (const modelId of this.waiting.keys()) {
      if (!this.open.has(modelId)) {
        this.came(modelId, false);
      }
    }
  }

  /** The session's engine has ended. */
  gone(): void {
    this.complete([]);
  }

  override register_model(modelId: string, model: Promise<base.WidgetModel>): void {
    super.register_model(modelId, model);
    this.came(modelId, true);
  }

  override async get_model(modelId: string): Promise<base.WidgetModel> {
    if (!this.has_model(modelId) && this.knows(modelId) === undefined) {
      await new Promise((resolve) => this.waiting.set(modelId, [...(this.waiting.get(modelId) ?? []), resolve]));
    }
    if (!this.has_model(modelId)) {
      throw new Error("The widget is not there (any more).");
    }
    return super.get_model(modelId);
  }

  override inline_sanitize(html: string): string {
    return harmlessHtml(html);
  }

  protected override async loadClass(name: string, module: string, version: string): Promise<never> {
    const known = this.classes[module];
    const found = known?.major === version.replace(/^[^\d]*/, "").split(".")[0] ? known?.classes[name] : undefined;
    return (found ?? (name.endsWith("View") ? UnknownView : UnknownModel)) as never;
  }

  protected override async _create_comm(target: string, id = base.uuid(), data?: unknown, metadata?: unknown): Promise<SessionComm> {
    const comm = new SessionComm(id, target, this.sessionId, this.sent);
    this.comms.set(id, comm);
    comm.open(data ?? {}, undefined, metadata);
    return comm;
  }

  protected override async _get_comm_info(): Promise<object> {
    return {};
  }

  private end(modelId: string): void {
    this.comms.delete(modelId);
    this.dead.add(modelId);
    if (this.has_model(modelId)) {
      void super.get_model(modelId).then((model) => (model.comm_live = false));
    }
  }

  private came(modelId: string, isThere: boolean): void {
    this.waiting.get(modelId)?.forEach((resolve) => resolve(isThere));
    this.waiting.delete(modelId);
  }
}
