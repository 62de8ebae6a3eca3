// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Position, Range } from "vscode-languageclient";

/** A place in a document. */
export interface ExecutionOfCellParams {
  uri: string;
  position: Position;
}

/** The last execution of the cell at a place. */
export interface ExecutionOfCell {
  /** Null: the cell has not run, as far as is known. */
  executionId: string | null;
}

/** A document, or the result at a position of it. */
export interface ClearParams {
  uri: string;
  /** Clear this result alone; all of the document's if null. */
  position?: Position | null;
}

/** The value at a position, and whether it is to stay. */
export interface PinParams {
  uri: string;
  position: Position;
  pinned?: boolean;
}

/** The value at a position: of the statement there, else the last one of its cell. */
export interface ValueParams {
  uri: string;
  position: Position;
}

/** A text for the clipboard. */
export interface CopiedText {
  text: string;
}

/** The error at a position, or that of an execution. */
export interface TracebackParams {
  uri: string;
  position?: Position | null;
  executionId?: string | null;
}

/** A place to open. */
export interface OpenParams {
  uri: string;
  range: Range;
}

/** Data that an output refers to: ``{"blob": id, "size": bytes}`` in its ``data``. */
export interface BlobParams {
  /** The SHA-256 of the data, in hexadecimal. */
  id: string;
  /** Where the output came from, and its number: so that another server finds it again. */
  sessionId?: string | null;
  sequence?: number | null;
}

/** The data. */
export interface Blob {
  id: string;
  /** In base64. */
  data: string;
  /** Bytes. */
  size: number;
}

/** A cell began to run, whoever sent it. */
export interface ExecutionStarted {
  executionId: string;
  sessionId: string;
  uri: string | null;
  range: Range | null;
  /** The text that runs: as it was sent. */
  code: string;
  executionCount: number | null;
  /** Whether the document's text has changed since it was sent. */
  stale?: boolean;
  /** Whether it began before this server came to the session. */
  replayed?: boolean;
  /** Who sent it, by its own name. */
  client?: string;
  /** Whether this client sent it; of what began before this server came, by the name. */
  own?: boolean;
}

/** One output of a cell, in order. */
export interface Output {
  executionId: string;
  sessionId: string;
  uri: string | null;
  /** The session's event number: contiguous, the same for every client. */
  sequence: number;
  kind: "stream" | "display" | "update" | "clear" | "result" | "error" | "page";
  /** ``stdout`` or ``stderr``, for a stream. */
  name?: string | null;
  /** The text of a stream. */
  text?: string | null;
  /** The MIME bundle of a display, update, result or page; binary types in base64, or as ``{"blob": id, "size": bytes}`` where the client announced ``experimental.vivo.blobs``. */
  data?: Record<string, unknown> | null;
  metadata?: Record<string, unknown> | null;
  displayId?: string | null;
  executionCount?: number | null;
  /** For ``clear``: clear when the next output comes. */
  wait?: boolean | null;
  error?: ExecutionError | null;
  /** The number of the engine, for a cell that was sent to a cluster; ``session_id`` is its. */
  engine?: number | null;
}

/** Why a cell failed. */
export interface ExecutionError {
  name: string;
  message: string;
  /** The rendered traceback, with ANSI colours. */
  traceback: string[];
  frames: ErrorFrame[];
}

/** A frame of a traceback, outermost first. */
export interface ErrorFrame {
  path: string;
  /** 0-based, as LSP counts. */
  line: number;
  function: string;
  source: string | null;
  /** The variables that its line speaks of. */
  values?: FrameValue[];
}

/** A variable of a frame, as it was when the error was raised. */
export interface FrameValue {
  name: string;
  /** The value on one line, bounded; what looks like a secret is hidden. */
  text: string;
}

/** A cell's end. */
export interface ExecutionFinished {
  executionId: string;
  sessionId: string;
  uri: string | null;
  status: "ok" | "error" | "aborted";
  executionCount: number | null;
  value: Record<string, unknown> | null;
  error: ExecutionError | null;
  /** Where the cell is now. */
  range: Range | null;
  /** Seconds. */
  duration: number;
}

/** A cell asks for a line of input. */
export interface InputParams {
  executionId: string;
  uri: string | null;
  prompt: string;
  password: boolean;
  sessionId?: string;
}

/** The line; null when the user refused, which the cell sees as end of file. */
export interface InputResult {
  value: string | null;
}
