// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Position, Range } from "vscode-languageclient";

/** A cell: the one at a position of a document. */
export interface CellParams {
  uri: string;
  position: Position;
}

/** What runs now, or waits for its turn. */
export interface RunStarted {
  /** The execution; the last one where several were queued. */
  executionId: string;
  /** All that were queued by the command, in order. */
  executionIds: string[];
  /** The text that runs, in the document as it was sent. */
  range: Range | null;
  /** Where the next cell starts, for clients that advance; null after the last. */
  next: Position | null;
}

/** Cells of a notebook, each by its document. */
export interface CellsParams {
  uris: string[];
}

/** A selected range of a document. */
export interface SelectionParams {
  uri: string;
  range: Range;
}

/** A whole document, run as a program with ``%run``. */
export interface FileParams {
  uri: string;
  arguments?: string[];
}

/** Text typed beside a document, for instance in an inferior buffer. */
export interface TextParams {
  uri: string;
  text: string;
  /** The execution's id, for a client that wants to know it before it is told of: 32 hexadecimal digits by chance. */
  executionId?: string | null;
}

/** The session of a document, or one by its id; the execution (the running one if null). */
export interface InterruptParams {
  uri?: string | null;
  executionId?: string | null;
  /** End the Python process if the execution does not end: its variables are lost. Whoever interrupts without it a third time is asked, by ``window/showMessageRequest``. */
  force?: boolean;
  sessionId?: string | null;
}

/** What an interrupt did. */
export interface InterruptResult {
  outcome: "interrupted" | "idle" | "mismatch" | "removed_from_queue" | "engine_ended";
}
