#!/usr/bin/env bash
# Sessions of editors in other front ends: qtconsole on a screen of its own, JupyterLab and pages in Chromium; and
# VS Code, Emacs, the console, the browser and JupyterLab at once.
# The front ends live in an environment of their own, made once: .venv-web. VIVO_PICTURES=1 renews their pictures in the docs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
web="$root/.venv-web"

mapfile -t wanted < <(sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$here/packages-apt.txt")
missing=()
for name in "${wanted[@]}"; do
  [ "$name" = emacs-nox ] && command -v emacs >/dev/null && continue # another Emacs would have to go for it
  dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

made=$(sha256sum "$here/packages.txt" | cut -d' ' -f1)
if [ "$(cat "$web/.made" 2>/dev/null)" != "$made" ]; then
  echo "making .venv-web (a minute or two)"
  rm -rf "$web"
  .venv/bin/python -m venv "$web"
  "$web/bin/python" -m pip install -qq --disable-pip-version-check --progress-bar off \
    -r "$here/packages.txt"
  echo "$made" >"$web/.made"
fi

# What drives the pages from the tests themselves, and what the page is built of.
.venv/bin/python -c 'import playwright' 2>/dev/null ||
  .venv/bin/python -m pip install -qq --disable-pip-version-check --progress-bar off playwright
page="$root/editors/web"
if [ ! -e "$page/node_modules/.ready" ] || [ "$page/package-lock.json" -nt "$page/node_modules/.ready" ]; then
  (cd "$page" && npm_config_loglevel=error npm_config_update_notifier=false npm ci >/dev/null)
  touch "$page/node_modules/.ready"
fi

# The workbench of VS Code.
bash "$root/tests/editors/vscode/setup.sh"

exec .venv/bin/pytest -q "$here" "$@"
