// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { SessionInfo } from "./sessions";

/** A console on the session of a document, on one by its id, or on a new one. */
export interface OpenConsoleParams {
  /** The document that it is opened from. Another console serves too. */
  uri: string;
  sessionId?: string | null;
  new?: boolean;
  /** The name of a new session. */
  name?: string | null;
}

/** A console that was opened. */
export interface ConsoleInfo {
  /** The client opens it as a document, whose text is the input that is being typed; it stays good for the next server. */
  uri: string;
  session: SessionInfo;
  /** The number that the next cell gets. */
  nextCount: number;
}

/** Which inputs of a session's history are wanted. */
export interface HistoryParams {
  uri: string;
  count?: number;
  /** Those in which this text stands; each once. */
  text?: string | null;
}

/** Inputs, the oldest first. */
export interface HistoryInputs {
  inputs: string[];
}

/** An input that is typed into the session of a document or console. */
export interface CompletenessParams {
  uri: string;
  text: string;
}

/** What the key that ends a line is to do. */
export interface CompletenessResult {
  /** An ``invalid`` one is run too: its error is told then. */
  status: "complete" | "incomplete" | "invalid";
  /** The indentation of the next line. */
  indent: string;
}
