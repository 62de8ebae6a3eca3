// Generated from server/protocol/ by `make docs`; a test fails when they differ.

/** The session to restart: a document's, or one by its id. */
export interface RestartParams {
  uri?: string | null;
  sessionId?: string | null;
}

/** A session of this machine. */
export interface SessionInfo {
  sessionId: string;
  name: string;
  /** ``away``: it runs on a host to which the link is lost just now. */
  state: "starting" | "idle" | "busy" | "ended" | "stale" | "foreign" | "away";
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
  /** The open documents whose next cell it runs. */
  serves?: string[];
  /** How many cells wait. */
  queued?: number;
  /** Who is there, by the names of their cells; ``vivo/people`` tells more of them. */
  people?: string[];
  /** Where it runs, if that is another host, as ``me@host:22``: its paths are of there. */
  host?: string | null;
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
  /** One that runs, on another host as ``ssh://host/ID`` (without an id the only one there); without it the choice is forgotten, and the settings decide again. */
  sessionId?: string | null;
  /** Start another one beside those that run. */
  new?: boolean;
  /** The name of a new one. */
  name?: string | null;
  /** The interpreter of a new one. */
  python?: string | null;
  /** The host where a new one starts, as ``ssh://host``; by default it starts here. */
  on?: string | null;
  scope?: "document" | "folder";
}

/** The session that serves now. */
export interface UseSessionResult {
  /** Null if it has not begun: the next cell starts it. */
  session: SessionInfo | null;
}

/** Who is in a session, in the order in which they came. */
export interface Presence {
  sessionId: string;
  people: PersonHere[];
}

/** Somebody who is in a session: an editor, a console, a page of a browser, a Jupyter client. */
export interface PersonHere {
  /** How their cells are named. */
  name: string;
  kind: "editor" | "console" | "web" | "jupyter";
  role: "owner" | "runner" | "viewer";
  /** Seconds since the epoch. */
  since: number;
  /** Of a plain Jupyter client, which does not say when it goes: when it was last heard. */
  heard: number | null;
  /** Whether that is this client. */
  own: boolean;
  /** Whether their cell runs, as this is told. ``vivo/queue`` tells each change of that, with the name of who sent a cell. */
  running: boolean;
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
  /** What it is called. */
  name?: string;
  /** The number that the next cell gets, if none waits. */
  nextCount?: number | null;
}
