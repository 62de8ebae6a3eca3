// Generated from server/protocol/ by `make docs`; a test fails when they differ.
export type * from "./cluster";
export type * from "./cluster_view";
export type * from "./consoles";
export type * from "./debugging";
export type * from "./declaring";
export type * from "./documents";
export type * from "./exporting";
export type * from "./inspecting";
export type * from "./interpreters";
export type * from "./notebooks";
export type * from "./outputs";
export type * from "./queue";
export type * from "./running";
export type * from "./sessions";
export type * from "./variables";
export type * from "./widgets";

export const Commands = {
  /** Run the cell at the position, or the statement under it in a file without cell marks. */
  runCell: "vivo.server.runCell",
  /** Run cells of a notebook, in this order; those that hold no code are passed over. One that fails takes those behind it out of the queue, unless the settings say otherwise. */
  runCells: "vivo.server.runCells",
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
  /** Ask the user, by window/showMessageRequest, for another interpreter, and use it for the document's folder. Null if none was chosen. */
  chooseInterpreter: "vivo.server.chooseInterpreter",
  /** Install a package into the environment of the document's session, by pip: a run whose output is shown, and at whose end the user is told how it went. */
  installPackage: "vivo.server.installPackage",
  /** Give the debugger of the document's session a request, as an editor's debug adapter does: initialize, attach, setBreakpoints and so on. Breakpoints are those of the real file. Jupyter's own requests (debugInfo, dumpCell, inspectVariables) are answered too. After the first one its events come as `vivo/debugEvent`, until the answer to `disconnect`. */
  debug: "vivo.server.debug",
  /** Whether the frames of a document's session's last error are there to be looked at. Then `vivo.server.debug` with `postMortem` shows them, as a debugger that stands where the error was raised: threads (the error, and those before it), stackTrace, scopes, variables, evaluate, exceptionInfo; `attach` holds the frames, also while other cells run, `disconnect` lets them go. No debugger is needed in the session's environment. */
  postMortem: "vivo.server.postMortem",
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
  /** Use a cluster that runs for the document's workspace from now on, by its name; without one, the workspace's own again. It holds until the server ends. */
  clusterUse: "vivo.server.cluster.use",
  /** End the engines of a cluster and its controller. */
  clusterStop: "vivo.server.cluster.stop",
  /** Start more engines, or end some; answered once the controller knows. */
  clusterScale: "vivo.server.cluster.scale",
  /** What the cluster is and does. */
  clusterStatus: "vivo.server.cluster.status",
  /** List the clusters of this machine, whoever started them. */
  clusterList: "vivo.server.cluster.list",
  /** What each engine made of a cell that was sent to a cluster, in full. */
  clusterResults: "vivo.server.cluster.results",
  /** Choose the engine whose live values hover and completion tell in a cell, and to which the cell is sent unless it is said otherwise. */
  clusterTarget: "vivo.server.cluster.target",
  /** Give engines variables of the document's session; they go from there to the engines. */
  clusterPush: "vivo.server.cluster.push",
  /** Give the document's session a variable of an engine. */
  clusterPull: "vivo.server.cluster.pull",
  /** Show a cluster of this machine, by its name: the answer tells all, and from then on ``vivo/clusterChanges`` what changes, once a second and with each engine. Its controller alone is asked, however many engines there are. */
  clusterWatch: "vivo.server.cluster.watch",
  /** What an engine of the cluster that is shown has run and printed, and what it does. */
  clusterEngine: "vivo.server.cluster.engine",
  /** Interrupt what engines of the cluster that is shown run, whoever sent it. */
  clusterInterrupt: "vivo.server.cluster.interrupt",
  /** Make a script of a notebook, a notebook of a script, or a page of either: of what the buffer shows, or of the file if it is not open; of a notebook as it is saved. */
  exportDocument: "vivo.server.exportDocument",
  /** Open a console, and start its session if that has not begun. Completion, documentation and all else that is asked about the console's document are the session's own. */
  openConsole: "vivo.server.openConsole",
} as const;

export const Queries = {
  /** Who is in a session. */
  people: "vivo/people",
  /** The last execution of the cell at a place, also where the text has been edited since: what it showed is known by its id. */
  executionOfCell: "vivo/executionOfCell",
  /** Data that an output refers to. A client that announced experimental.vivo.blobs is told pictures and other large data by reference, and fetches each once. */
  blob: "vivo/blob",
  /** What the cells of an open notebook showed last, and which run or wait: whoever sent them, also while this editor was away. A client that writes outputs into notebooks announces experimental.vivo.notebooks, and asks this when it opens one; what its cells do from then on it is told as of any document, under the URI of the cell that has the text now. */
  notebook: "vivo/notebook",
  /** The content of a document whose URI has one of the server's own schemes, for clients without workspace/textDocumentContent. Such a client says by experimental.vivo.documents that it can open them. */
  document: "vivo/document",
  /** A page of the variables of the document's session, or of what one holds; also while a cell runs. */
  variables: "vivo/variables",
  /** Rows and columns of an array, a data frame or a list of rows, as they stand, sorted or filtered; also while a cell runs. It is answered once the rows are in order. */
  table: "vivo/table",
  /** Every message beside LSP's own, with its parameters, results and types, as data. */
  describe: "vivo/describe",
  /** What is known of an object, with all fields of ``obj?`` and ``obj??``; live where the document ran, else static. Null where nothing is known. */
  inspect: "vivo/inspect",
  /** Be told of a session's comms from now on; first of those that are open, with their state. For clients that announced experimental.vivo.comms, when they show the first widget. From its start such a client is not told as ``vivo/output`` what an ``Output`` widget captures: that is in the widget's ``outputs``, which the server keeps. */
  watchComms: "vivo/watchComms",
  /** Send a comm's message to the session. Answered once it has been handled, which waits for a cell that runs: until then a view holds back its next change. */
  sendComm: "vivo/sendComm",
  /** Inputs of the session and of earlier ones, whoever sent them; none before the session has begun. */
  history: "vivo/history",
  /** Whether an input is complete. Answered also while a cell runs. */
  isComplete: "vivo/isComplete",
} as const;

export const Notifications = {
  /** What runs or waits in a session has changed, also by another editor, or a waiting cell's text was edited. */
  queue: "vivo/queue",
  /** Somebody came to a session, or went. */
  presence: "vivo/presence",
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
  /** What has changed of the cluster that is shown. */
  clusterChanges: "vivo/clusterChanges",
  /** A cell ended, or the engine is another: variables that are shown are asked for again. */
  variablesChanged: "vivo/variablesChanged",
  /** A comm of a session that the client watches was opened, said something or was closed. Changes that follow each other at once are told as one. */
  comm: "vivo/comm",
} as const;

export const Requests = {
  /** Asked of the client that ran the cell, if it announced experimental.vivo.input. */
  input: "vivo/input",
} as const;
