// The page's own places, and what it tells in passing.
export { button, element } from "../../vscode/src/outputs/page/elements.ts";

export function place<Kind extends HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** A sentence for the user. */
export function notice(sentence: string, seconds = 6): void {
  const holder = place("notice");
  holder.textContent = sentence;
  holder.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => (holder.hidden = true), seconds * 1000);
}

/** Show a dialog until it is closed; gives what it was closed with. */
export function closed(dialog: HTMLDialogElement): Promise<string> {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue);
    };
  });
}

export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
