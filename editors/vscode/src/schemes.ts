/** Of the documents that the server has itself. */
export const SCHEMES = ["vivo-page", "vivo-run", "vivo-transcript", "vivo-stack"];
