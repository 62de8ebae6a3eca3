// A comm of a session, as the widgets' library uses it: one end of a channel to an object in Python.
import type { IClassicComm, ICallbacks } from "@jupyter-widgets/base";
import type { CommEvent } from "../../protocol";
import type { WidgetRequest } from "../widgetMessages.ts";

export type JupyterMessage = Parameters<Parameters<IClassicComm["on_msg"]>[0]>[0];
type Hear = (message: JupyterMessage) => void;

/** What was sent, until the session has handled it. */
export class Sent {
  private readonly waiting = new Map<string, () => void>();

  constructor(private readonly ask: (request: WidgetRequest) => void) {}

  send(message: Extract<WidgetRequest, { type: "sendComm" }>["message"], callbacks: ICallbacks | undefined): string {
    const idle = () => callbacks?.iopub?.["status"]?.(IDLE as never);
    this.waiting.set(message.messageId, idle);
    this.ask({ type: "sendComm", message });
    return message.messageId;
  }

  handled(messageId: string): void {
    const idle = this.waiting.get(messageId);
    this.waiting.delete(messageId);
    idle?.();
  }
}

const IDLE = { content: { execution_state: "idle" } };

export class SessionComm implements IClassicComm {
  private hear: Hear | undefined;
  private heardClose: Hear | undefined;
  private readonly early: CommEvent[] = [];

  constructor(
    readonly comm_id: string,
    readonly target_name: string,
    private readonly sessionId: string,
    private readonly sent: Sent,
  ) {}

  /** Take what the session tells; what comes before a model listens waits for it. */
  told(event: CommEvent): void {
    const hear = event.kind === "close" ? this.heardClose : this.hear;
    if (hear) {
      hear(messageOf(event));
    } else {
      this.early.push(event);
    }
  }

  on_msg(callback: Hear): void {
    this.hear = callback;
    this.early.splice(0).forEach((event) => this.told(event));
  }

  on_close(callback: Hear): void {
    this.heardClose = callback;
  }

  open(data: unknown, callbacks?: ICallbacks, metadata?: unknown, buffers?: Binary[]): string {
    return this.say("open", data, callbacks, metadata, buffers);
  }

  send(data: unknown, callbacks?: ICallbacks, metadata?: unknown, buffers?: Binary[]): string {
    return this.say("msg", data, callbacks, metadata, buffers);
  }

  close(data?: unknown, callbacks?: ICallbacks, metadata?: unknown, buffers?: Binary[]): string {
    return this.say("close", data, callbacks, metadata, buffers);
  }

  private say(kind: "open" | "msg" | "close", data: unknown, callbacks?: ICallbacks, metadata?: unknown, buffers: Binary[] = []): string {
    const message = {
      sessionId: this.sessionId,
      commId: this.comm_id,
      messageId: crypto.randomUUID().replaceAll("-", ""),
      kind,
      target: this.target_name,
      data: (data ?? {}) as Record<string, unknown>,
      metadata: (metadata ?? {}) as Record<string, unknown>,
      buffers: buffers.map(toBase64),
    };
    return this.sent.send(message, callbacks);
  }
}

/** An event of the server's as a message of Jupyter's. */
export function messageOf(event: CommEvent): JupyterMessage {
  const buffers = (event.buffers ?? []).map((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new DataView(bytes.buffer);
  });
  const message = {
    header: { msg_type: `comm_${event.kind}` },
    parent_header: { msg_id: event.parentId ?? "" },
    content: { comm_id: event.commId, target_name: event.target, data: structuredClone(event.data ?? {}) },
    metadata: event.metadata ?? {},
    buffers,
  };
  return message as unknown as JupyterMessage;
}

type Binary = ArrayBuffer | ArrayBufferView;
const PIECE = 32_768; // arguments that a call may have

function toBase64(binary: Binary): string {
  const bytes = binary instanceof ArrayBuffer ? new Uint8Array(binary) : new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE) {
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  }
  return btoa(text);
}
