// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Location, Position, Range } from "vscode-languageclient";

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

/** The session to restart: a document's, or one by its id. */
export interface RestartParams {
  uri?: string | null;
  sessionId?: string | null;
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
  /** What it was chosen for, and the documents whose cells ran there last. */
  documents?: string[];
  /** How many cells wait. */
  queued?: number;
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

/** A session and its new name. */
export interface RenameParams {
  sessionId: string;
  name: string;
}

/** Which session is to serve a document, or every document of its folder. */
export interface UseSessionParams {
  uri: string;
  /** One that runs; without it the choice is forgotten, and the settings decide again. */
  sessionId?: string | null;
  /** Start another one beside those that run. */
  new?: boolean;
  /** The name of a new one. */
  name?: string | null;
  /** The interpreter of a new one. */
  python?: string | null;
  scope?: "document" | "folder";
}

/** The session that serves now. */
export interface UseSessionResult {
  /** Null if it has not begun: the next cell starts it. */
  session: SessionInfo | null;
}

/** The state of a session, whenever it changes. */
export interface Status {
  sessionId: string;
  state: "starting" | "idle" | "busy" | "ended";
  /** A document that the session serves, if any does. */
  uri: string | null;
  /** What runs now. */
  executionId: string | null;
  /** How many cells wait, whoever sent them. */
  queued: number;
  python: string;
  pythonVersion: string;
  /** A sentence for the user, when there is something to say. */
  message: string | null;
}

/** A document, or the workspace if null. */
export interface InterpretersParams {
  uri?: string | null;
}

/** The interpreters for a document, those nearest to it first. */
export interface InterpreterList {
  interpreters: InterpreterInfo[];
  trusted: boolean;
}

/** An interpreter that was found by looking at files; nothing was run. */
export interface InterpreterInfo {
  path: string;
  kind: "venv" | "activated" | "conda" | "pyenv" | "poetry" | "uv" | "hatch" | "path" | "setting" | "vivo";
  name: string;
  /** As its environment's own files say it; null where they say nothing. */
  version: string | null;
  /** Whether a new session of the document would run it. */
  chosen: boolean;
  /** Whether it belongs to the workspace: in one that is not trusted only the user's word chooses it. */
  inWorkspace: boolean;
}

/** The interpreter that a document's cells are to run in. */
export interface UseInterpreterParams {
  uri: string;
  /** A path, an environment's folder, a name on the PATH, or a version as ``3.12``. */
  python: string;
  scope?: "document" | "folder";
}

/** A request of the Debug Adapter Protocol for the session of a document. */
export interface DebugParams {
  uri: string;
  /** The request: ``{type, seq, command, arguments}``. */
  message: Record<string, unknown>;
}

/** What the session's debugger answers. */
export interface DebugResult {
  /** The response of the Debug Adapter Protocol, also one that tells of a failure. */
  message: Record<string, unknown>;
}

/** What runs under the debugger now, or waits for its turn. */
export interface DebugStarted {
  executionId: string;
  range: Range | null;
  /** ``adapter``: the debugger that the editor has attached stops at the first line. ``input``: pdb stops there, and asks by ``vivo/input``. */
  by: "adapter" | "input";
}

/** An event of a session's debugger. */
export interface DebugEvent {
  sessionId: string;
  /** The event of the Debug Adapter Protocol. */
  message: Record<string, unknown>;
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
  /** Run the cell at the position and every cell below it. */
  runBelow: "vivo.server.runBelow",
  /** Run every cell above the one at the position, and it. */
  runToHere: "vivo.server.runToHere",
  /** Start a fresh engine, and run there every cell above the one at the position, and it. */
  restartAndRunToHere: "vivo.server.restartAndRunToHere",
  /** Start a fresh engine, and run every cell of the document there. */
  restartAndRunAll: "vivo.server.restartAndRunAll",
  /** Run every cell of the document. */
  runAll: "vivo.server.runAll",
  /** Run the text of the range: whole lines dedented; parts of lines as they are if that is Python, else their whole lines; for an empty range the top-level statement there. */
  runSelection: "vivo.server.runSelection",
  /** Run the document as a program with %run; its results update the session. */
  runFile: "vivo.server.runFile",
  /** Run text that stands in no document, in the session of the document. */
  runText: "vivo.server.runText",
  /** Interrupt what runs, or take a waiting execution out of the queue. */
  interrupt: "vivo.server.interrupt",
  /** The executions that run or wait, in order. The session keeps them: they outlive server and editor. */
  queue: "vivo.server.queue",
  /** Take out of the queue all that waits, whoever sent it; what runs goes on unless it is to be interrupted. One execution is taken out by `vivo.server.interrupt` with its id. */
  cancelAll: "vivo.server.cancelAll",
  /** Start a fresh engine for the document's session, or for one by its id; the history stays. */
  restart: "vivo.server.restart",
  /** List the sessions of this machine. */
  sessions: "vivo.server.sessions",
  /** End a session and its processes. */
  endSession: "vivo.server.endSession",
  /** Give a session another name. */
  renameSession: "vivo.server.renameSession",
  /** Choose the session of a document or its folder: one that runs, a new one, or, with neither, that of the settings. The choice is kept with the session, for every editor and the next server; the session before goes on. */
  useSession: "vivo.server.useSession",
  /** The interpreters for a document: of its project, of the user, on the PATH. None is run. */
  interpreters: "vivo.server.interpreters",
  /** Start a session with an interpreter for a document or its folder, or use the one that was chosen for it and runs that interpreter already; the session before goes on. It is the user's word, also where the workspace is not trusted. */
  useInterpreter: "vivo.server.useInterpreter",
  /** Give the debugger of the document's session a request, as an editor's debug adapter does: initialize, attach, setBreakpoints and so on. Breakpoints are those of the real file. Jupyter's own requests (debugInfo, dumpCell, inspectVariables) are answered too. After the first one its events come as `vivo/debugEvent`, until the answer to `disconnect`. */
  debug: "vivo.server.debug",
  /** Run the cell at the position under the debugger, which stops at its first statement. */
  debugCell: "vivo.server.debugCell",
  /** Run the document's file with %run under the debugger, which stops at its first statement. */
  debugFile: "vivo.server.debugFile",
  /** Forget the shown values of the document, or of one cell. What is pinned stays. */
  clear: "vivo.server.clear",
  /** Let a value stay when its cell is run again, edited or cleared; or let it go. */
  pinValue: "vivo.server.pinValue",
  /** The whole text of a value, which the client puts on the clipboard. */
  copyValue: "vivo.server.copyValue",
  /** The traceback of an error as plain text, which the client puts on the clipboard. */
  copyTraceback: "vivo.server.copyTraceback",
  /** Open the place of a frame, by window/showDocument. */
  openFrame: "vivo.server.openFrame",
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
  /** Make a script of a notebook, a notebook of a script, or a page of either: of what the buffer shows, or of the file if it is not open; of a notebook as it is saved. */
  exportDocument: "vivo.server.exportDocument",
} as const;

export const Queries = {
  /** Data that an output refers to. A client that announced experimental.vivo.blobs is told pictures and other large data by reference, and fetches each once. */
  blob: "vivo/blob",
  /** The content of a document whose URI has one of the server's own schemes, for clients without workspace/textDocumentContent. Such a client says by experimental.vivo.documents that it can open them. */
  document: "vivo/document",
  /** A page of the variables of the document's session, or of what one holds; also while a cell runs. */
  variables: "vivo/variables",
  /** Rows and columns of an array, a data frame or a list of rows; also while a cell runs. */
  table: "vivo/table",
  /** Every message beside LSP's own, with its parameters, results and types, as data. */
  describe: "vivo/describe",
  /** What is known of an object, with all fields of ``obj?`` and ``obj??``; live where the document ran, else static. Null where nothing is known. */
  inspect: "vivo/inspect",
} as const;

export const Notifications = {
  /** What runs or waits in a session has changed, also by another editor, or a waiting cell's text was edited. */
  queue: "vivo/queue",
  /** A session's state changed. */
  status: "vivo/status",
  /** The session's debugger tells something: what stopped, what goes on. */
  debugEvent: "vivo/debugEvent",
  /** A cell began to run. */
  executionStarted: "vivo/executionStarted",
  /** A cell printed, displayed, or failed. */
  output: "vivo/output",
  /** A cell ended. */
  executionFinished: "vivo/executionFinished",
  /** A cluster has changed: while it starts, and as long as somebody watches it. */
  clusterStatus: "vivo/clusterStatus",
  /** A cell ended, or the engine is another: variables that are shown are asked for again. */
  variablesChanged: "vivo/variablesChanged",
} as const;

export const Requests = {
  /** Asked of the client that ran the cell, if it announced experimental.vivo.input. */
  input: "vivo/input",
} as const;
