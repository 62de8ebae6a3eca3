// Generated from server/protocol/ by `make docs`; a test fails when they differ.
import type { Range } from "vscode-languageclient";

/** A request of the Debug Adapter Protocol for the session of a document. */
export interface DebugParams {
  uri: string;
  /** The request: ``{type, seq, command, arguments}``. */
  message: Record<string, unknown>;
  /** Whether it is for the post-mortem of the session's last error, beside the debugger of what runs. */
  postMortem?: boolean;
}

/** What the session's debugger answers. */
export interface DebugResult {
  /** The response of the Debug Adapter Protocol, also one that tells of a failure. */
  message: Record<string, unknown>;
  /** The session that answers: its events bear the id too. */
  sessionId?: string;
  /** Events that follow the response; those of a post-mortem come so. */
  events?: (Record<string, unknown>)[];
}

/** A document, and the execution that failed (the session's last one if null). */
export interface PostMortemParams {
  uri: string;
  executionId?: string | null;
}

/** An error whose frames are there to be looked at. */
export interface PostMortemReady {
  sessionId: string;
  executionId: string | null;
  /** The error's class and message. */
  title: string;
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
  /** Whether it is of the post-mortem, and not of the debugger of what runs. */
  postMortem?: boolean;
}
