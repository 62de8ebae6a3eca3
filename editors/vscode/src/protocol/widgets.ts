// Generated from server/protocol/ by `make docs`; a test fails when they differ.

/** The session whose comms an editor draws from now on. */
export interface WatchCommsParams {
  sessionId: string;
}

/** The comms that are open. Those not told yet come as ``open`` when the session is free. */
export interface WatchedComms {
  commIds: string[];
}

/** A message of a view to its object. */
export interface SendCommParams {
  sessionId: string;
  commId: string;
  /** The client's own, which nothing else has: events that it causes name it. */
  messageId: string;
  kind?: "open" | "msg" | "close";
  /** Of ``open``. */
  target?: string;
  data?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  /** In base64. */
  buffers?: string[];
}

/** Something happened to a comm, the channel between an object of a session and its views. */
export interface CommEvent {
  sessionId: string;
  /** ``open`` has all of a widget's state, also of one that is open already. ``gone``: all comms of the session are, since its engine has ended. */
  kind: "open" | "msg" | "close" | "gone";
  commId?: string;
  /** Of ``open``: what the comm is for; ``jupyter.widget`` for a widget. */
  target?: string | null;
  data?: Record<string, unknown> | null;
  metadata?: Record<string, unknown> | null;
  /** In base64. Widgets say in ``data.buffer_paths`` where in ``data.state`` they belong. */
  buffers?: string[];
  /** The message that it answers: one of ``vivo/sendComm``, by its id, or a run. */
  parentId?: string | null;
}
