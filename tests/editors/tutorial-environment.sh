#!/usr/bin/env bash
# The environment of the tutorial's reader, .venv-tutorial: what docs/tutorial.md tells them to install. Made once.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
environment="$root/.venv-tutorial"
packages=$(sed -n 's/^ *\.venv\/bin\/pip install \(.*\)$/\1/p' "$root/docs/tutorial.md")
exec 9>"$root/.venv/.tutorial-lock"
flock 9
[ "$(cat "$environment/.made" 2>/dev/null)" = "$packages" ] && exit
rm -rf "$environment"
"$root/.venv/bin/python" -m venv "$environment"
# shellcheck disable=SC2086 # the words of a command line
"$environment/bin/python" -m pip install -qq --disable-pip-version-check --progress-bar off $packages
echo "$packages" >"$environment/.made"
