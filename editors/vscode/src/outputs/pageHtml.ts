// The frame of a page of ours: what it may load is its own script and style, and pictures that are data.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

export interface Page {
  title: string;
  script: string;
  style: string;
  body: string;
  /** A script that the page loads when it needs it. */
  later?: string;
  /** What draws widgets, a script and a style: the page loads them with the first one. */
  widgets?: { script: string; style: string };
}

export function pageHtml(webview: vscode.Webview, extension: vscode.Uri, page: Page): string {
  const nonce = randomBytes(16).toString("base64");
  const uri = (...names: string[]) => webview.asWebviewUri(vscode.Uri.joinPath(extension, ...names));
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'unsafe-inline'`, // tables of data frames bring their own style
    // What draws widgets shows their pictures and sounds from memory, and has icons of its own.
    ...(page.widgets ? ["img-src data: blob:", "media-src data: blob:", `font-src ${webview.cspSource}`] : ["img-src data:"]),
  ].join("; ");
  const later = page.later ? ` data-later="${uri("dist", page.later)}"` : "";
  const widgets = page.widgets
    ? ` data-widgets="${uri("dist", page.widgets.script)}" data-widgets-style="${uri("dist", page.widgets.style)}"`
    : "";
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${uri("media", page.style)}">
<title>${page.title}</title>
</head>
<body>
${page.body}
<script id="own" nonce="${nonce}" src="${uri("dist", page.script)}"${later}${widgets}></script>
</body>
</html>`;
}

const ENDINGS: Record<string, string> = { "image/jpeg": "jpg", "image/svg+xml": "svg" };

/** Ask where to, and write a picture there. @param data in base64, for SVG as text */
export async function savePicture(mime: string, data: string): Promise<void> {
  const ending = ENDINGS[mime] ?? mime.replace(/^image\//, "");
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const proposed = folder ? vscode.Uri.joinPath(folder, `figure.${ending}`) : undefined;
  const target = await vscode.window.showSaveDialog({
    title: "Save Figure",
    filters: { Picture: [ending] },
    ...(proposed ? { defaultUri: proposed } : {}),
  });
  if (!target) {
    return;
  }
  try {
    await vscode.workspace.fs.writeFile(target, Buffer.from(data, mime === "image/svg+xml" ? "utf8" : "base64"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    vscode.window.showErrorMessage(`vivo: the figure was not saved as ${target.fsPath}: ${why}. Choose another place.`);
  }
}
