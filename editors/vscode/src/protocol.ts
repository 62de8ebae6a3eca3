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

/** What is sent to which engines. */
export interface SendToClusterParams {
  uri: string;
  /** The cell at ``position``, the text of ``range``, or the whole text as one cell. */
  what?: "cell" | "selection" | "file";
  position?: Position | null;
  range?: Range | null;
  /** Left out, it is the engine that was chosen for the cell, else all. */
  target?: "all" | "balanced" | number[] | null;
  /** The cluster's name; without, the workspace's own. */
  name?: string | null;
}

/** The cluster that is to start. */
export interface StartClusterParams {
  uri: string;
  /** How many; without, as the setting ``cluster`` says, else one a processor. */
  engines?: number | null;
  name?: string | null;
}

/** A cluster: its engines, its queue, its failures. */
export interface ClusterStatus {
  name: string;
  /** ``none``: it does not run. ``killed``: its controller was; the next cell that is sent takes it up again. */
  state: "none" | "starting" | "running" | "killed";
  launcher: string;
  engines: EngineInfo[];
  /** Engines that were asked for and are not there yet. */
  awaited: number;
  /** What the launcher waits for: a job in a queue, a host that is not reached; or nothing. */
  launching: string;
  /** What could not be done lately, and why engines have not started. */
  problems: string[];
  /** How many tasks wait, run, are done, have failed. */
  queue: Record<string, number>;
  /** Tasks per second. */
  rate: number;
  /** The cells that were sent from editors and have not ended. */
  executions: string[];
  /** Of Dask, where the engines are in Dask's workers. */
  dashboard?: string;
}

/** An engine of a cluster. */
export interface EngineInfo {
  number: number;
  sessionId: string;
  state: "up" | "dead" | "stopped" | "silent";
  /** Why it is not up. */
  reason: string;
  host: string | null;
  /** Its process there. */
  pid: number | null;
  python: string | null;
  pythonVersion: string | null;
  /** Resident bytes. */
  memory: number | null;
  /** Tasks that it has. */
  tasks: number;
  done: number;
  failed: number;
}

/** The cluster of a document's workspace, or the one of a name. */
export interface ClusterParams {
  uri: string;
  name?: string | null;
}

/** How the cluster is to change. */
export interface ScaleClusterParams {
  uri: string;
  add?: number;
  /** The numbers of engines that are to end. */
  remove?: number[];
  name?: string | null;
}

/** The cluster, and whether its changes are wanted from now on. */
export interface ClusterStatusParams {
  uri: string;
  name?: string | null;
  /** True: ``vivo/clusterStatus`` comes with each change. False: no longer. */
  watch?: boolean | null;
}

/** A cell that was sent. */
export interface ExecutionParams {
  executionId: string;
}

/** What each engine made of a cell. */
export interface ClusterResults {
  engines: EngineResult[];
}

/** How a cell ended on an engine, or how far it is. */
export interface EngineResult {
  engine: number;
  status: "queued" | "running" | "ok" | "error" | "aborted";
  executionCount: number | null;
  /** By statement. */
  values: (Record<string, unknown>)[];
  /** Its name and message. */
  error: string | null;
  /** Seconds. */
  duration: number | null;
}

/** The engine that is to answer for a cell. */
export interface ClusterTargetParams {
  uri: string;
  position: Position;
  /** Null: the document's session answers again. */
  engine: number | null;
  name?: string | null;
}

/** The cell whose hover and completion the engine answers now. */
export interface ClusterTargetResult {
  range: Range;
  engine: number | null;
}

/** Variables of the document's session that engines are to have. */
export interface PushParams {
  uri: string;
  names: string[];
  engines?: "all" | number[];
  name?: string | null;
}

/** A variable of an engine that the document's session is to have. */
export interface PullParams {
  uri: string;
  variable: string;
  engine: number;
  /** What it is called in the session; without, as in the engine. */
  to?: string | null;
  name?: string | null;
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
  /** Run a cell, a selection or the document on engines of a cluster, which is found or started. The outputs of each engine come as ``vivo/output`` with its number. */
  sendToCluster: "vivo.server.sendToCluster",
  /** Start the workspace's cluster, or connect to it; answered at once. Until it is there, ``vivo/clusterStatus`` tells how far it is. */
  clusterStart: "vivo.server.cluster.start",
  /** End the engines of a cluster and its controller. */
  clusterStop: "vivo.server.cluster.stop",
  /** Start more engines, or end some; answered once the controller knows. */
  clusterScale: "vivo.server.cluster.scale",
  /** What the cluster is and does. */
  clusterStatus: "vivo.server.cluster.status",
  /** What each engine made of a cell that was sent to a cluster, in full. */
  clusterResults: "vivo.server.cluster.results",
  /** Choose the engine whose live values hover and completion tell in a cell, and to which the cell is sent unless it is said otherwise. */
  clusterTarget: "vivo.server.cluster.target",
  /** Give engines variables of the document's session; they go from there to the engines. */
  clusterPush: "vivo.server.cluster.push",
  /** Give the document's session a variable of an engine. */
  clusterPull: "vivo.server.cluster.pull",
} as const;

export const Queries = {
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
  /** A cluster has changed: while it starts, and as long as somebody watches it. */
  clusterStatus: "vivo/clusterStatus",
} as const;

export const Requests = {
  /** Asked of the client that ran the cell, if it announced experimental.vivo.input. */
  input: "vivo/input",
} as const;
