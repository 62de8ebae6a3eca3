#!/usr/bin/env bash
# Code in the wild, tried for real: popular libraries in sessions, without IPython and with it.
# Two environments are made once, .venv-wild and .venv-wild-ipython (which sees the first one's packages).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
wild="$root/.venv-wild" both="$root/.venv-wild-ipython"
pip() { "$1/bin/python" -m pip install -qq --disable-pip-version-check --progress-bar off "${@:2}"; }

if [ -s "$here/apt-gui.txt" ]; then
  mapfile -t wanted < <(sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$here/apt-gui.txt")
  missing=()
  for name in "${wanted[@]}"; do
    dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
fi

made=$(cat "$here"/packages*.txt | sha256sum | cut -d' ' -f1)
if [ "$(cat "$both/.made" 2>/dev/null)" != "$made" ]; then
  echo "making .venv-wild and .venv-wild-ipython (a minute or two)"
  rm -rf "$wild" "$both"
  .venv/bin/python -m venv "$wild"
  pip "$wild" -r "$here/packages.txt"
  pip "$wild" --no-deps -r "$here/packages-alone.txt"
  if [ -s "$here/packages-gui.txt" ]; then pip "$wild" -r "$here/packages-gui.txt"; fi
  .venv/bin/python -m venv "$both"
  pip "$both" -r "$here/packages-ipython.txt"
  packages() { "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
  packages "$wild" >"$(packages "$both")/wild.pth"
  echo "$made" >"$both/.made"
fi

exec .venv/bin/pytest -q -n 2 --dist loadfile "$here" "$@"
