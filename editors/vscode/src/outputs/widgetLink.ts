// The way of the panel's widgets to their sessions: what the page asks, and what the server tells it.
//
// 1. A session is watched from when the page shows its first widget, and again after its server was lost.
// 2. In a workspace that is not trusted nothing is asked: the page shows widgets by their text.
import { Queries, type CommEvent, type SendCommParams, type Status, type WatchedComms } from "../protocol";
import type { WidgetMessage, WidgetRequest } from "./widgetMessages";

const UNTRUSTED = "Widgets are not drawn in a workspace that you have not trusted.";

export class WidgetLink {
  private readonly wanted = new Set<string>();
  private readonly watched = new Set<string>();

  constructor(
    private readonly query: <Result>(method: string, params: object) => Promise<Result>,
    private readonly tell: (message: WidgetMessage) => void,
    private readonly isTrusted: () => boolean,
  ) {}

  asked(request: WidgetRequest): Promise<void> {
    return request.type === "watchComms" ? this.watch(request.sessionId) : this.send(request.message);
  }

  heard(event: CommEvent): void {
    if (this.watched.has(event.sessionId)) {
      this.tell({ type: "commEvent", event });
    }
  }

  /** The page begins anew. */
  forget(): void {
    this.wanted.clear();
    this.watched.clear();
  }

  /** Another server has begun: it watches nothing until its sessions are found. */
  serverChanged(): void {
    this.watched.clear();
  }

  statusChanged({ sessionId, state }: Status): void {
    if (this.wanted.has(sessionId) && !this.watched.has(sessionId) && (state === "idle" || state === "busy")) {
      void this.watch(sessionId);
    }
  }

  private async watch(sessionId: string): Promise<void> {
    this.wanted.add(sessionId);
    if (!this.isTrusted()) {
      return this.tell({ type: "commsWatched", sessionId, commIds: null, why: UNTRUSTED });
    }
    this.watched.add(sessionId);
    try {
      const { commIds } = await this.query<WatchedComms>(Queries.watchComms, { sessionId });
      this.tell({ type: "commsWatched", sessionId, commIds, why: "" });
    } catch (error) {
      this.watched.delete(sessionId);
      this.tell({ type: "commsWatched", sessionId, commIds: null, why: sentence(error) });
    }
  }

  private async send(message: SendCommParams): Promise<void> {
    const { messageId } = message;
    try {
      await this.query(Queries.sendComm, message);
      this.tell({ type: "commHandled", messageId, why: "" });
    } catch (error) {
      this.tell({ type: "commHandled", messageId, why: sentence(error) });
    }
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
