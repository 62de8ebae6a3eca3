// Generated from server/protocol/ by `make docs`; a test fails when they differ.

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

/** A package for the environment of a document's session. */
export interface InstallParams {
  uri: string;
  /** One that is widely known, as the code action of an error names it. */
  package: string;
}
