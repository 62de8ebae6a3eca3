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

/** Which variables of the document's session are wanted, or which children of a value. */
export interface VariablesParams {
  uri: string;
  start?: number;
  /** At most 1,000 come. */
  count?: number;
  /** A part of the name, or a pattern with ``*`` and ``?``; case does not count. */
  filter?: string;
  sort?: "name" | "type" | "size" | "definition";
  descending?: boolean;
  /** Whose children are wanted: a variable's name, then positions among the children of the one before. They come in their own order, without filter. */
  path?: (string | number)[];
}

/** A page of variables. */
export interface VariablePage {
  sessionId: string;
  variables: VariableInfo[];
  /** How many there are in all. */
  total: number;
  /** Whether the engine did not answer in time, so that this is what was known last. */
  busy: boolean;
  /** When that was known, in seconds since the epoch; null if nothing was. */
  known: number | null;
}

/** A variable, or a child of a value: told without running any code of the user's. */
export interface VariableInfo {
  /** Of a child how it is reached: ``['key']``, ``[0]``, ``.attribute``, the label of a column. */
  name: string;
  type: string;
  shape: number[] | null;
  dtype: string | null;
  /** How many items a built-in container or text has. */
  length: number | null;
  /** Bytes: of arrays and frames their data; of others the object without what it refers to. */
  size: number | null;
  /** The value on one line. */
  text: string;
  /** How many values it holds that can be asked for. */
  children: number;
  /** Whether the last cell, or the one that runs, made or changed it. */
  changed: boolean;
}

/** Which corner of which table is wanted. */
export interface TableParams {
  uri: string;
  /** A variable's name, then positions among the children of the one before. */
  path: (string | number)[];
  row?: number;
  /** At most 1,000 come. */
  rows?: number;
  column?: number;
  /** At most 200 come. */
  columns?: number;
}

/** A corner of a table, as texts: told without running any code of the user's. */
export interface TablePage {
  sessionId: string;
  /** How many there are in all. */
  rows: number;
  columns: number;
  /** What the rows that come are called. */
  labels: string[];
  /** And the columns. */
  names: string[];
  dtypes: (string | null)[];
  /** By row. ``…`` is a cell that only other code could read. */
  cells: string[][];
  /** Whether the engine did not answer in time, so that this is what was known last. */
  busy: boolean;
  /** When that was known, in seconds since the epoch; null if nothing was. */
  known: number | null;
}

/** What was shown of a session's variables may not be true any more: ask again for it. */
export interface VariablesChanged {
  sessionId: string;
  /** The open documents that the session serves. */
  uris: string[];
  /** The execution that has ended; null when the engine was started, restarted or ended. */
  executionId: string | null;
}

/** What this server is, and every message that it knows beside LSP's own. */
export interface Description {
  version: string;
  /** The version of Python that the server itself runs on. */
  python: string;
  positionEncoding: string;
  /** The channel by which this client is shown values. */
  valuesBy: "hints" | "lenses" | "diagnostics";
  /** Whether this client is asked for a cell's lines of input. */
  input: boolean;
  messages: MessageDescription[];
  types: TypeDescription[];
}

/** A message: who sends it, how, and what it carries. */
export interface MessageDescription {
  name: string;
  kind: "command" | "query" | "notification" | "request";
  /** The name of a type. */
  params: string;
  result: string | null;
  doc: string;
  errors: string;
}

/** A type that messages carry. */
export interface TypeDescription {
  name: string;
  doc: string;
  fields: FieldDescription[];
}

/** A field of a type, as it is on the wire. */
export interface FieldDescription {
  name: string;
  /** As TypeScript writes it. */
  type: string;
  optional: boolean;
  doc: string;
}

/** Which document, and what it is to become. */
export interface ExportParams {
  uri: string;
  form: "script" | "notebook" | "html";
  /** The file to write; null: the text is the answer. */
  path?: string | null;
  /** Whether a file that exists may be overwritten. */
  overwrite?: boolean;
  /** Whether outputs come along: a script's from the session that ran it, a notebook's its own. */
  outputs?: boolean;
  /** The session whose outputs are wanted; null: the one that ran the document. */
  sessionId?: string | null;
  /** Whether magics in scripts are comments; null: as the script says itself, else not. */
  commentMagics?: boolean | null;
  /** Whether a page may hold scripts that outputs brought, in frames of their own. */
  active?: boolean;
}

/** The document in its new form. */
export interface ExportResult {
  /** The file that was written. */
  path: string | null;
  /** The document, if no file was named. */
  text: string | null;
  cells: number;
  /** How many runs gave their outputs. */
  runs: number;
  /** The session that they come from. */
  sessionId: string | null;
  /** A sentence for each thing that the new form cannot hold. */
  messages: string[];
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
  /** Make a script of a notebook, a notebook of a script, or a page of either: of what the buffer shows, or of the file if it is not open; of a notebook as it is saved. */
  exportDocument: "vivo.server.exportDocument",
} as const;

export const Queries = {
  /** A page of the variables of the document's session, or of what one holds; also while a cell runs. */
  variables: "vivo/variables",
  /** Rows and columns of an array, a data frame or a list of rows; also while a cell runs. */
  table: "vivo/table",
  /** Every message beside LSP's own, with its parameters, results and types, as data. */
  describe: "vivo/describe",
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
  /** A cell ended, or the engine is another: variables that are shown are asked for again. */
  variablesChanged: "vivo/variablesChanged",
} as const;

export const Requests = {
  /** Asked of the client that ran the cell, if it announced experimental.vivo.input. */
  input: "vivo/input",
} as const;
