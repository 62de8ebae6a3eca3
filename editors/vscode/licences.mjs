// What the bundles are made of: the packages of others in them, each with its licence, as these ask for.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const WITHIN = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//; // the innermost package of a file

/**
 * @param metafiles what esbuild tells of each build
 * @param folder the folder that their paths are relative to
 */
export function licencesOf(metafiles, folder) {
  const packages = new Map();
  for (const { inputs, outputs } of metafiles) {
    const used = new Set(Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)));
    for (const input of Object.keys(inputs).filter((name) => used.has(name))) {
      const found = WITHIN.exec(path.resolve(folder, input));
      if (found) {
        const { name, version, license, author } = JSON.parse(readFileSync(path.join(found[1], "package.json"), "utf8"));
        packages.set(`${name} ${version}`, { license: license?.type ?? license ?? "", author: author?.name ?? author ?? "", folder: found[1] });
      }
    }
  }
  const told = [...packages].sort(([one], [other]) => (one < other ? -1 : 1)).map(([title, { license, author, folder }]) => {
    const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    const text = file ? readFileSync(path.join(folder, file), "utf8").trim() : `Copyright (c) ${author}`;
    return `${title} (${license})\n${text}`;
  });
  return `vivo's own code is under the BSD-3-Clause licence, copyright (c) the vivo developers.\nIts bundles have code of these packages in them:\n\n${told.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
