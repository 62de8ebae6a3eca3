// Generated from server/protocol/ by `make docs`; a test fails when they differ.

/** The cluster that is shown; one for each connection. */
export interface WatchClusterParams {
  /** Null: none any more. */
  name: string | null;
}

/** What has changed of the cluster that is shown. */
export interface ClusterChanges {
  name: string;
  /** ``none``: it was stopped. ``killed``: its controller was. */
  state: "running" | "none" | "killed";
  launcher: string;
  /** Seconds since the epoch. */
  started: number;
  /** Whether it is all there is, and what was told before is void. */
  isWhole: boolean;
  /** Engines that were asked for and are not there yet. */
  awaited: number;
  /** What the launcher waits for; or nothing. */
  launching: string;
  /** What could not be done lately, and why engines have not started. */
  problems: string[];
  /** Of Dask, where the engines are in Dask's workers. */
  dashboard: string;
  /** Those whose facts have changed. */
  engines: EngineFacts[];
  uses: EngineUses;
  /** The numbers of engines that were taken out. */
  gone: number[];
  /** At first of up to ten minutes. */
  samples: ClusterSamples;
  /** The oldest first; of a second's, the first ones. */
  failures: ClusterFailure[];
}

/** What seldom changes of an engine. */
export interface EngineFacts {
  number: number;
  /** Of its session. */
  id: string;
  state: "up" | "dead" | "stopped" | "silent";
  /** Why it is not up. */
  reason: string;
  host: string | null;
  /** Where one program has started all engines: in the world of MPI, or in a job. */
  rank: number | null;
  pid: number | null;
  python: string | null;
  pythonVersion: string | null;
}

/** What changes all the time of engines, by columns: an entry for each that is told of. */
export interface EngineUses {
  number: number[];
  /** Processors that it keeps busy. */
  load: (number | null)[];
  /** MiB. */
  memory: (number | null)[];
  tasks: number[];
  done: number[];
  failed: number[];
}

/** What a cluster did, by columns: an entry for each second. */
export interface ClusterSamples {
  /** Seconds since the epoch. */
  time: number[];
  /** Engines. */
  up: number[];
  /** Processors that all engines kept busy. */
  load: number[];
  /** MiB of all engines. */
  memory: number[];
  waiting: number[];
  running: number[];
  /** Tasks that ended well in this second. */
  done: number[];
  failed: number[];
  /** Seconds from submission to result, the median of those that ended in this second. */
  latency: (number | null)[];
  /** The same, of which 95 in 100 were faster. */
  slowest: (number | null)[];
  /** Seconds that they ran, the median. */
  duration: (number | null)[];
}

/** What went wrong: a task that failed, or an engine that ended. */
export interface ClusterFailure {
  /** Seconds since the epoch. */
  time: number;
  engine: number | null;
  /** Null of an engine's end. */
  task: string | null;
  /** Its name and message; of an engine, why it is not up. */
  error: string;
  /** In plain text, its end where it is long. */
  traceback: string;
}

/** An engine of the cluster that is shown. */
export interface WatchEngineParams {
  number: number;
  /** The last event that was told of its session; without, its last output is told. */
  after?: number | null;
}

/** An engine in full. */
export interface EngineView {
  number: number;
  state: "up" | "dead" | "stopped" | "silent";
  reason: string;
  cwd: string | null;
  /** The code of the cell that runs there. */
  running: string | null;
  /** Cells that wait there. */
  waiting: number;
  /** The first ones, in its order. */
  tasks: EngineTask[];
  /** What went wrong there last, of tasks and of its process. */
  failure: ClusterFailure | null;
  /** What was run and printed there since, as text. */
  output: string;
  /** What was shown there since: the last ones, where they are many or large. */
  pictures: EnginePicture[];
  /** The number of the last event. */
  last: number;
  /** Whether what was told before is void: it is another process's, or too long. */
  isWhole: boolean;
  /** Why its output cannot be told just now; or nothing. */
  problem: string;
}

/** A task that an engine has. */
export interface EngineTask {
  id: string;
  /** Whether it is the one that runs. */
  isFirst: boolean;
  /** When it began, as far as the controller knows. */
  since: number | null;
}

/** A picture that an engine has shown. */
export interface EnginePicture {
  /** Where it stands: behind so many characters of the output. */
  at: number;
  mime: "image/png" | "image/jpeg";
  /** In base64. */
  data: string;
}

/** Engines of the cluster that is shown, where what runs is interrupted. */
export interface InterruptEnginesParams {
  /** Left out, all. */
  engines?: number[] | null;
}

/** The engines that were told to interrupt what they run. */
export interface InterruptedEngines {
  engines: number[];
}
