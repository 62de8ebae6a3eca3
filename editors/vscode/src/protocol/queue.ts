// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Range } from "vscode-languageclient";

/** Whose queue: a document's session's, a session's by its id, or those of all used here. */
export interface QueueParams {
  uri?: string | null;
  sessionId?: string | null;
}

/** The executions that run or wait, a session after the other, each in its order. */
export interface QueueList {
  executions: QueuedExecution[];
}

/** An execution that runs or waits, whoever sent it. */
export interface QueuedExecution {
  executionId: string;
  sessionId: string;
  /** 0 for what runs, then 1 for the next. */
  position: number;
  status: "running" | "waiting";
  uri: string | null;
  /** The front end that sent it. */
  client: string;
  /** The first line of its code. */
  title: string;
  /** Where its text is now, if its document is open here. */
  range: Range | null;
  /** Whether the text in the document has changed since: what runs is what was sent. */
  stale: boolean;
  /** When it was sent, in seconds since the epoch. */
  queued: number;
  started: number | null;
  /** Seconds that it has run, at the time of this message. */
  elapsed: number | null;
}

/** What to take out of the queue of a document's session, or of a session by its id. */
export interface CancelParams {
  uri?: string | null;
  sessionId?: string | null;
  /** Only the cells of the document. */
  documentOnly?: boolean;
  /** Interrupt what runs too. */
  interrupt?: boolean;
}

/** What was taken out of the queue. */
export interface CancelResult {
  /** Each ends as ``aborted``. */
  executionIds: string[];
  /** What the interrupt did, if one was wanted. */
  outcome: "interrupted" | "idle" | "mismatch" | "removed_from_queue" | "engine_ended" | null;
}

/** A session's queue as it is now. */
export interface QueueChanged {
  sessionId: string;
  executions: QueuedExecution[];
}
