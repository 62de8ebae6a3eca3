// A picture as the page's own elements take it, and on the clipboard.
import { element } from "./elements";

export function sourceOf(mime: string, data: string): string {
  return mime === "image/svg+xml"
    ? `data:image/svg+xml;utf8,${encodeURIComponent(data)}`
    : `data:${mime};base64,${data}`;
}

/** Put a picture on the clipboard, as PNG: the one form that clipboards take.
 * Gives what to tell the user. */
export async function copyPicture(image: HTMLImageElement): Promise<string> {
  const canvas = element("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  const png = new Promise<globalThis.Blob>((resolve, reject) =>
    canvas.toBlob((made) => (made ? resolve(made) : reject(new Error("the figure has no size"))), "image/png"),
  );
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    return "figure copied";
  } catch (error) {
    return `the figure was not copied (${String(error)}); save it instead`;
  }
}
