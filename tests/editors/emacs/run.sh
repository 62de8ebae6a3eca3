#!/usr/bin/env bash
# The tests of the Emacs package, from a bare machine: the package's own checks, ERT in batch, then terminals under
# tmux; on the machine's own Emacs 28 and on Emacs 30 of the backports (fetch.sh), both at once.
# VIVO_EMACS=28 or 30 runs on one alone; VIVO_TESTS="a-tests.el …" runs these files alone, in batch.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
package="$root/editors/emacs"

# Each file is run by a fresh Emacs. eglot-tests.el is the way of a user without our package.
files=(
  vivo-tests.el document-tests.el display-tests.el errors-tests.el completion-tests.el connection-tests.el beside-tests.el
  code-tests.el actions-tests.el lists-tests.el sessions-tests.el clusters-tests.el org-tests.el inferior-tests.el
)
terminals=(terminal.sh newcomer.sh window.sh tutorial.sh)

needed=()
command -v emacs >/dev/null || needed+=(emacs-nox elpa-eglot)
command -v tmux >/dev/null || needed+=(tmux)
[ -x "$(PATH="$PATH:/usr/sbin" command -v sshd)" ] || needed+=(openssh-client openssh-server)
[ -x /usr/bin/chromium ] || needed+=(chromium fonts-dejavu-core)
if [ ${#needed[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needed[@]}" >/dev/null
fi
bash "$here/fetch.sh"

run_on() { # VERSION EMACS: everything, in a home of its own
  local version=$1
  export VIVO_EMACS_PROGRAM=$2
  state=$(mktemp -d /tmp/ve-XXXXXX)
  trap '"$root/.venv/bin/vivo" sessions end --all >/dev/null 2>&1 || true; rm -rf "$state"' EXIT
  for name in HOME XDG_RUNTIME_DIR XDG_STATE_HOME XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME MPLCONFIGDIR; do
    mkdir -p -m 700 "$state/$name"
    export "$name=$state/$name"
  done
  unset VIRTUAL_ENV
  export LC_ALL=C.UTF-8 VIVO_TEST_HOME="$state" VIVO_EMACS_LISP="$state/lisp"
  mkdir "$VIVO_EMACS_LISP"
  cp "$package"/*.el "$VIVO_EMACS_LISP"
  # Emacs' own client, with what docs/editors.md tells its readers to write.
  sed -n '/^### eglot$/,/^### lsp-mode$/p' "$root/docs/editors.md" | sed -n '/^```elisp$/,/^```$/p' | sed '/^```/d' >"$state/eglot-vivo.el"

  echo "== Emacs $version"
  if [ -z "${VIVO_TESTS:-}" ]; then
    bash "$here/checks.sh"
  fi
  for file in ${VIVO_TESTS:-"${files[@]}"}; do
    echo "-- $file"
    "$VIVO_EMACS_PROGRAM" -batch -L "$VIVO_EMACS_LISP" -L "$here" -l "$here/$file" -f ert-run-tests-batch-and-exit 2>&1 |
      grep --line-buffered -vE '^Loading|Server exited with status|^$'
  done
  if [ -z "${VIVO_TESTS:-}" ]; then
    "$VIVO_EMACS_PROGRAM" -batch -l "$here/eglot-tests.el" -f ert-run-tests-batch-and-exit 2>&1 | grep -v '^Loading'
    for file in "${terminals[@]}"; do
      echo "-- $file"
      bash "$here/$file"
    done
  fi

  for file in $(grep -lsz "VIVO_TEST_HOME=$state" /proc/[0-9]*/environ || true); do
    local pid=${file//[^0-9]/}
    if grep -qs 'vivo' "/proc/$pid/cmdline" && [ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ]; then
      echo "left behind: $(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2
      exit 1
    fi
  done
}

programs=("28:emacs" "30:$here/fetched/emacs")
log=$(mktemp -d /tmp/vl-XXXXXX)
trap 'rm -rf "$log"' EXIT
failed=0
declare -A jobs
for each in "${programs[@]}"; do
  version=${each%%:*}
  [ "${VIVO_EMACS:-$version}" = "$version" ] || continue
  (run_on "$version" "${each#*:}") >"$log/$version" 2>&1 &
  jobs[$version]=$!
done
for version in "${!jobs[@]}"; do
  wait "${jobs[$version]}" || { failed=1; echo "Emacs $version: failed" >>"$log/$version"; }
  cat "$log/$version"
done
exit $failed
