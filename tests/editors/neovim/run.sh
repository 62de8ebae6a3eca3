#!/usr/bin/env bash
# Neovim's own client with the configuration of docs/editors.md, and the real server, from a bare machine.
# NVIM names another Neovim than Debian's; VIVO_RECORD_INITIALIZE a file that gets what it says of itself.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

NVIM=${NVIM:-nvim}
if ! command -v "$NVIM" >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends neovim >/dev/null
fi

state=$(mktemp -d /tmp/vn-XXXXXX)
end() { "$root/.venv/bin/vivo" sessions end --all >/dev/null 2>&1 || true; rm -rf "$state"; }
trap end EXIT
for name in HOME XDG_RUNTIME_DIR XDG_STATE_HOME XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME MPLCONFIGDIR; do
  mkdir -p -m 700 "$state/$name"
  export "$name=$state/$name"
done
unset VIRTUAL_ENV
export LC_ALL=C.UTF-8 VIVO_TEST_HOME="$state" VIVO_ROOT="$root"

# What the page tells its readers to write is what is tried.
sed -n '/^```lua$/,/^```$/p' "$root/docs/editors.md" | sed '/^```/d' >"$state/vivo.lua"
echo 'return vivo' >>"$state/vivo.lua"
mkdir "$state/files"

status=0
timeout 120 "$NVIM" --headless -u NONE -i NONE -n -c "luafile $here/tests.lua" 2>&1 || status=$?
[ $status = 0 ] || { echo "neovim ended with $status"; exit 1; }

for file in $(grep -lsz "VIVO_TEST_HOME=$state" /proc/[0-9]*/environ || true); do
  pid=${file//[^0-9]/}
  # The session outlives its editor on purpose; its server must not.
  if grep -qs 'lsp' "/proc/$pid/cmdline" && [ "$pid" != $$ ]; then
    sleep 1
    grep -qs 'lsp' "/proc/$pid/cmdline" || continue
    echo "left behind: $(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2
    exit 1
  fi
done
