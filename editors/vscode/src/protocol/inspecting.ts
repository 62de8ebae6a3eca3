// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Location, Position } from "vscode-languageclient";

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
  /** With a path: the session or engine that the earlier answer named; else the document's. */
  sessionId?: string | null;
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
  /** Who told: the document's session, or the engine that was chosen for the cell. */
  sessionId?: string | null;
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
