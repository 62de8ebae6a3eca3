// A panel of VS Code's, in a frame: it is told and asks as there.
import { element } from "./elements.ts";

export class Panel<Told, Asked> {
  readonly frame = element("iframe", "frame");

  /** @param answer what the panel asks */
  constructor(name: string, title: string, answer: (asked: Asked) => void) {
    this.frame.src = `/frame/${name}`;
    this.frame.name = name;
    this.frame.title = title;
    window.addEventListener("message", (event: MessageEvent<{ vivo?: string; message: Asked }>) => {
      if (event.source === this.frame.contentWindow && event.origin === location.origin) {
        answer(event.data.message);
      }
    });
  }

  tell(message: Told): void {
    this.frame.contentWindow?.postMessage(message, location.origin);
  }
}

const ENDINGS: Record<string, string> = { "image/jpeg": "jpg", "image/svg+xml": "svg" };

/** Let the browser save a picture. @param data in base64, for SVG as text */
export function savePicture(mime: string, data: string): void {
  const bytes =
    mime === "image/svg+xml" ? data : Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: mime }));
  link.download = `figure.${ENDINGS[mime] ?? mime.replace(/^image\//, "")}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
