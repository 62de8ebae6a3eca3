// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Position, Range } from "vscode-languageclient";

export type MimeBundle = Record<string, unknown>;

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

/** A document. */
export interface DocumentParams {
  uri: string;
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
}

/** The session of a document, and the execution to interrupt (the running one if null). */
export interface InterruptParams {
  uri: string;
  executionId?: string | null;
  /** End the Python process if the execution does not end: its variables are lost. Whoever interrupts without it a third time is asked, by ``window/showMessageRequest``. */
  force?: boolean;
}

/** What an interrupt did. */
export interface InterruptResult {
  outcome: "interrupted" | "idle" | "mismatch" | "removed_from_queue" | "engine_ended";
}

/** A session of this machine. */
export interface SessionInfo {
  sessionId: string;
  name: string;
  state: "starting" | "idle" | "busy" | "ended" | "stale" | "foreign";
  python: string;
  pythonVersion: string;
  cwd: string;
  workspace: string | null;
  /** Seconds since the epoch. */
  created: number;
  /** Resident bytes of engine and keeper together, where known. */
  memory: number | null;
}

/** Nothing. */
export interface NoParams {
}

/** The sessions of this machine. */
export interface SessionList {
  sessions: SessionInfo[];
}

/** A session, by its id. */
export interface SessionParams {
  sessionId: string;
}

/** The state of a session, whenever it changes. */
export interface Status {
  sessionId: string;
  state: "starting" | "idle" | "busy" | "ended";
  /** A document that the session serves, if any does. */
  uri: string | null;
  /** What runs now. */
  executionId: string | null;
  /** How many cells wait. */
  queued: number;
  python: string;
  pythonVersion: string;
  /** A sentence for the user, when there is something to say. */
  message: string | null;
}

/** A cell began to run, whoever sent it. */
export interface ExecutionStarted {
  executionId: string;
  sessionId: string;
  uri: string | null;
  range: Range | null;
  code: string;
  executionCount: number | null;
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
  /** The MIME bundle of a display, update, result or page; binary types in base64. */
  data?: Record<string, unknown> | null;
  metadata?: Record<string, unknown> | null;
  displayId?: string | null;
  executionCount?: number | null;
  /** For ``clear``: clear when the next output comes. */
  wait?: boolean | null;
  error?: ExecutionError | null;
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
}

/** The line; null when the user refused, which the cell sees as end of file. */
export interface InputResult {
  value: string | null;
}

/** What a read-only document of the server's holds. */
export interface DocumentContent {
  text: string;
  /** As LSP names languages: ``python``, ``markdown``, ``plaintext``, ``html``. */
  languageId: string;
}

/** What is asked about: the expression at a position of a document, or one that is named. */
export interface InspectParams {
  uri: string;
  position?: Position | null;
  /** A name with its attributes and constant look-ups, or a magic: ``table.columns``, ``%time``. Without it, what stands at the position. */
  expression?: string | null;
  /** 1 asks for the source too, as ``obj??`` does. */
  detailLevel?: "0" | "1";
  /** Instead of both, what an earlier answer's ``children`` refer to: their ``path``. */
  path?: (string | number)[];
  /** The first of the children that are wanted. */
  start?: number;
  /** At most 1,000 children come. */
  count?: number;
}

/** What is known of an object. Fields are null where there is nothing to tell. */
export interface Inspection {
  name: string;
  /** Whether the object was looked at, or the text. */
  provenance: "live" | "static";
  type: string;
  /** When this was known (seconds since the epoch), if the session did not answer just now. */
  known?: number | null;
  stringForm?: string | null;
  namespace?: string | null;
  file?: string | null;
  /** 1-based line of the definition in the file. */
  line?: number | null;
  /** The run that defined it, if a cell did. */
  executionId?: string | null;
  /** Where it is defined, as the client can open it. */
  location?: Location | null;
  length?: number | null;
  shape?: string | null;
  dtype?: string | null;
  signature?: string | null;
  docstring?: string | null;
  /** Of a class: what its ``__init__`` says of itself. */
  initDocstring?: string | null;
  source?: string | null;
  children?: InspectedChild[];
  /** How many children there are in all. */
  total?: number;
}

/** A value that the object holds, told without running any code of the user's. */
export interface InspectedChild {
  /** How it is reached: ``['key']``, ``[0]``, ``.attribute``, the label of a column. */
  name: string;
  type: string;
  /** The value on one line. */
  text: string;
  /** How many values it holds itself. */
  children: number;
  /** By which they are asked for. */
  path: (string | number)[];
}

export const Commands = {
  /** Run the cell at the position, or the statement under it in a file without cell marks. */
  runCell: "vivo.server.runCell",
  /** Run every cell above the one at the position. */
  runAbove: "vivo.server.runAbove",
  /** Run every cell of the document. */
  runAll: "vivo.server.runAll",
  /** Run the text of the range; indentation common to its lines is taken off. */
  runSelection: "vivo.server.runSelection",
  /** Run the document as a program with %run; its results update the session. */
  runFile: "vivo.server.runFile",
  /** Run text that stands in no document, in the session of the document. */
  runText: "vivo.server.runText",
  /** Interrupt what runs, or take a waiting execution out of the queue. */
  interrupt: "vivo.server.interrupt",
  /** Start a fresh engine for the document's session; the history stays. */
  restart: "vivo.server.restart",
  /** List the sessions of this machine. */
  sessions: "vivo.server.sessions",
  /** End a session and its processes. */
  endSession: "vivo.server.endSession",
  /** Forget the shown values of the document. */
  clear: "vivo.server.clear",
} as const;

export const Queries = {
  /** The content of a document whose URI has one of the server's own schemes, for clients without workspace/textDocumentContent. Such a client says by experimental.vivo.documents that it can open them. */
  document: "vivo/document",
  /** What is known of an object, with all fields of ``obj?`` and ``obj??``; live where the document ran, else static. Null where nothing is known. */
  inspect: "vivo/inspect",
} as const;

export const Notifications = {
  /** A session's state changed. */
  status: "vivo/status",
  /** A cell began to run. */
  executionStarted: "vivo/executionStarted",
  /** A cell printed, displayed, or failed. */
  output: "vivo/output",
  /** A cell ended. */
  executionFinished: "vivo/executionFinished",
} as const;

export const Requests = {
  /** Asked of the client that ran the cell, if it announced experimental.vivo.input. */
  input: "vivo/input",
} as const;
