#!/usr/bin/env bash
# The tests of the VS Code extension, from a bare machine.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bash "$here/setup.sh"
bash "$here/build.sh"
cd "$here"
node --test --test-concurrency=1 --test-reporter=spec vscode.test.mjs
