// Generated from server/protocol/ by `make docs`; a test fails when they differ.

/** What a read-only document of the server's holds. */
export interface DocumentContent {
  text: string;
  /** As LSP names languages: ``python``, ``markdown``, ``plaintext``, ``html``. */
  languageId: string;
}
