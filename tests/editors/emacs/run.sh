#!/usr/bin/env bash
# The tests of the Emacs package, from a bare machine: ERT in batch, then a terminal under tmux.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
package="$root/editors/emacs"

needed=()
command -v emacs >/dev/null || needed+=(emacs-nox elpa-eglot)
command -v tmux >/dev/null || needed+=(tmux)
[ -x /usr/bin/chromium ] || needed+=(chromium fonts-dejavu-core)
if [ ${#needed[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needed[@]}" >/dev/null
fi

state=$(mktemp -d /tmp/ve-XXXXXX)
end() { "$root/.venv/bin/vivo" sessions end --all >/dev/null 2>&1 || true; rm -rf "$state"; }
trap end EXIT
for name in HOME XDG_RUNTIME_DIR XDG_STATE_HOME XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME MPLCONFIGDIR; do
  mkdir -p -m 700 "$state/$name"
  export "$name=$state/$name"
done
unset VIRTUAL_ENV
export LC_ALL=C.UTF-8 VIVO_TEST_HOME="$state"

echo "byte-compiling, warnings are errors"
cp "$package"/*.el "$state"
(cd "$state" && emacs -batch -L . --eval '(setq byte-compile-error-on-warn t)' -f batch-byte-compile vivo*.el 2>&1 | { grep -v '^Loading' || true; })

emacs -batch -L "$state" -l "$here/vivo-tests.el" -f ert-run-tests-batch-and-exit 2>&1 | grep -v '^Loading'
# Emacs' own client, with what docs/editors.md tells its readers to write.
sed -n '/^### eglot$/,/^### lsp-mode$/p' "$root/docs/editors.md" | sed -n '/^```elisp$/,/^```$/p' | sed '/^```/d' >"$state/eglot-vivo.el"
emacs -batch -l "$here/eglot-tests.el" -f ert-run-tests-batch-and-exit 2>&1 | grep -v '^Loading'
bash "$here/terminal.sh"

for file in $(grep -lsz "VIVO_TEST_HOME=$state" /proc/[0-9]*/environ || true); do
  pid=${file//[^0-9]/}
  if grep -qs 'vivo' "/proc/$pid/cmdline" && [ "$pid" != $$ ]; then
    echo "left behind: $(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2
    exit 1
  fi
done
