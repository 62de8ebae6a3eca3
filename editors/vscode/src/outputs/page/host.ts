// What the page asks of the extension.
import type { PageRequest } from "../outputLog.ts";

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const api = acquireVsCodeApi();
const waiting = new Map<string, ((data: string | null) => void)[]>();

export function ask(request: PageRequest): void {
  api.postMessage(request);
}

/** Data that an output refers to, in base64; null where the session has it no longer. */
export function blob(id: string, sessionId: string, sequence: number): Promise<string | null> {
  return new Promise((resolve) => {
    const others = waiting.get(id);
    if (others) {
      others.push(resolve);
    } else {
      waiting.set(id, [resolve]);
      ask({ type: "blob", id, sessionId, sequence });
    }
  });
}

export function blobCame(id: string, data: string | null): void {
  waiting.get(id)?.forEach((resolve) => resolve(data));
  waiting.delete(id);
}
