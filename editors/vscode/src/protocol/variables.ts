// Generated from server/protocol/ by `make docs`; a test fails when they differ.

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
  /** Of an array of more than two dimensions: which sheet, by positions along those before the last two; the first where none is given. */
  at?: number[];
  /** The column by which the rows are sorted: what is missing comes last. */
  sort?: number | null;
  descending?: boolean;
  /** Rows that fit all of them are shown. */
  filters?: TableFilter[];
}

/** What the items of a column must be. */
export interface TableFilter {
  column: number;
  /** ``> 5``, ``>= 5``, ``< 5``, ``<= 5``, ``= 5``, ``!= 5``, several with `` & `` between them; ``=`` alone: missing, ``!=`` alone: not. Anything else is a text that the cell has in it, in any case; of numbers it is the number itself. */
  condition: string;
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
  /** How many there are before the filters. */
  allRows: number;
  /** Of an array of more than two dimensions: all of them. */
  shape: number[];
  /** Why it can be neither sorted nor filtered so, as a sentence; no rows come then. */
  problem: string;
  /** Whether a cell runs, so that the order is that of its beginning, or of when it was made. */
  running: boolean;
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
