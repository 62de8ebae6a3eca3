#!/usr/bin/env bash
# What the tests of the VS Code extension need: Chromium from Debian, the workbench from npm. No
# install script of any package is run; no native module is needed.
set -euo pipefail
cd "$(dirname "$0")"

if [ ! -x /usr/bin/chromium ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium fonts-dejavu-core >/dev/null
fi

stamp=node_modules/.ready
if [ ! -e "$stamp" ] || [ package-lock.json -nt "$stamp" ]; then
  npm ci --ignore-scripts --loglevel=error
  # The workbench's own dependencies; its shrinkwrap lacks one, so 'ci' fails there.
  (cd node_modules/code-server/lib/vscode && npm install --ignore-scripts --omit=dev --no-audit --no-fund --loglevel=error)
  touch "$stamp"
fi
