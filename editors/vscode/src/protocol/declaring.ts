// Generated from server/protocol/ by `make docs`; a test fails when they differ.

/** A document. */
export interface DocumentParams {
  uri: string;
}

/** Nothing. */
export interface NoParams {
}
