/** Of the documents that the server has itself. */
export const SCHEMES = ["vivo-page", "vivo-run", "vivo-transcript", "vivo-stack"];

/** The session whose transcript or stack a page is. */
export function sessionOfPage({ scheme, path }: { scheme: string; path: string }): string | undefined {
  return scheme === "vivo-transcript" || scheme === "vivo-stack" ? path.split("/")[1] : undefined;
}
