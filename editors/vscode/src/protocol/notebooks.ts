// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Output } from "./outputs";

/** A notebook, and what of it is written down already. */
export interface NotebookParams {
  uri: string;
  /** By session, the number of the last event whose outputs the notebook has for sure, as when it was saved: runs that told nothing since are left out. */
  seen?: Record<string, number>;
}

/** The executions of a notebook's cells, those that began first before the others. */
export interface NotebookRuns {
  runs: NotebookRun[];
  /** The session that serves the notebook; empty if none has begun. */
  sessionId?: string;
  python?: string;
  pythonVersion?: string;
}

/** The last execution of a cell, or one that waits. */
export interface NotebookRun {
  executionId: string;
  sessionId: string;
  /** The cell in which its text stands now. */
  uri: string;
  status: "queued" | "running" | "ok" | "error" | "aborted";
  executionCount: number | null;
  /** Seconds since the epoch. */
  started: number | null;
  finished: number | null;
  /** All of them, in order, also what other cells have changed of its displays since. */
  outputs: Output[];
}
