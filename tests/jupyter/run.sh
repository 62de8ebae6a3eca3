#!/usr/bin/env bash
# vivo as Jupyter sees it: jupyter_kernel_test against the kernel, then JupyterLab in Chromium.
# JupyterLab lives in an environment of its own, made once: .venv-jupyter.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
lab="$root/.venv-jupyter"

if [ ! -x /usr/bin/chromium ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium fonts-dejavu-core >/dev/null
fi

made=$(sha256sum "$here/packages.txt" | cut -d' ' -f1)
if [ "$(cat "$lab/.made" 2>/dev/null)" != "$made" ]; then
  echo "making .venv-jupyter (a minute)"
  rm -rf "$lab"
  .venv/bin/python -m venv "$lab"
  "$lab/bin/python" -m pip install -qq --disable-pip-version-check --progress-bar off \
    -r "$here/packages.txt"
  echo "$made" >"$lab/.made"
fi

exec .venv/bin/pytest -q "$here" "$@"
