// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Position, Range } from "vscode-languageclient";

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
  /** What starts them; without, as the setting ``cluster`` says, else this machine. */
  launcher?: string | null;
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

/** The clusters of this machine, the newest first. */
export interface ClusterList {
  clusters: ClusterInfo[];
  /** What can start one: those of vivo, and of installed packages. */
  launchers: string[];
}

/** A cluster of this machine; nobody is asked what it does. */
export interface ClusterInfo {
  name: string;
  state: "starting" | "running" | "killed";
  launcher: string;
  /** Its folder: the cells of a workspace go to the newest that runs in theirs. */
  cwd: string;
  /** Seconds since the epoch. */
  created: number;
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
