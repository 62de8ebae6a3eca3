// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Range } from "vscode-languageclient";

/** A request of the Debug Adapter Protocol for the session of a document. */
export interface DebugParams {
  uri: string;
  /** The request: ``{type, seq, command, arguments}``. */
  message: Record<string, unknown>;
}

/** What the session's debugger answers. */
export interface DebugResult {
  /** The response of the Debug Adapter Protocol, also one that tells of a failure. */
  message: Record<string, unknown>;
}

/** What runs under the debugger now, or waits for its turn. */
export interface DebugStarted {
  executionId: string;
  range: Range | null;
  /** ``adapter``: the debugger that the editor has attached stops at the first line. ``input``: pdb stops there, and asks by ``vivo/input``. */
  by: "adapter" | "input";
}

/** An event of a session's debugger. */
export interface DebugEvent {
  sessionId: string;
  /** The event of the Debug Adapter Protocol. */
  message: Record<string, unknown>;
}
