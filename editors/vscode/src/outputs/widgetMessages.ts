// What the panel's page and the extension tell each other of widgets.
import type { CommEvent, SendCommParams } from "../protocol";

/** What the page asks for. */
export type WidgetRequest =
  | { type: "watchComms"; sessionId: string }
  | { type: "sendComm"; message: SendCommParams };

/** What the page is told. */
export type WidgetMessage =
  | { type: "commEvent"; event: CommEvent }
  /** The comms that are open in a session; null with the sentence why none can be drawn. */
  | { type: "commsWatched"; sessionId: string; commIds: string[] | null; why: string }
  /** The session has handled a message; or why it never will. */
  | { type: "commHandled"; messageId: string; why: string };
