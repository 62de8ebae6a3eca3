// Generated from server/protocol/ by `make docs`; a test fails when they differ.

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
