// The README as it goes into the package, which is read where there is no clone: without its pictures (VS Code shows
// those of a page from https alone), with links to files of the clone as plain text.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

const [source, target] = process.argv.slice(2);
const isElsewhere = (address) => /^[a-z]+:|^#/i.test(address);

const text = readFileSync(source, "utf8")
  .replace(/^!\[[^\]]*\]\(([^)\s]+)\)\n\n/gm, (whole, address) => (isElsewhere(address) ? whole : ""))
  .replace(/\[([^\]]*)\]\(([^)\s]+)\)/g, (whole, words, address) => (isElsewhere(address) ? whole : words));
mkdirSync(dirname(resolve(target)), { recursive: true });
writeFileSync(target, text);
