#!/usr/bin/env bash
# Emacs in a terminal, driven by keys and read from the screen; its picture for the documentation.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
name="vivo-$$-$RANDOM"
. "$here/screen.sh"
work=$(mktemp -d /tmp/vk-XXXXXX)
cp "$root/docs/examples/bessel.py" "$work"
trap 'run kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

TERM=xterm-256color run new-session -d -s main -x 110 -y 44 \
  "${VIVO_EMACS_PROGRAM:-emacs} -nw -q -L '$root/editors/emacs' --eval '(setq inhibit-startup-screen t native-comp-async-report-warnings-errors nil warning-minimum-level :emergency ring-bell-function (quote ignore) python-indent-guess-indent-offset nil vivo-server-command (list \"$root/.venv/bin/vivo\" \"lsp\") vivo-python \"$root/.venv/bin/python\")' --eval '(load-theme (quote tango-dark) t)' -l vivo '$work/bessel.py' --eval '(progn (vivo-mode 1) (menu-bar-mode -1) (goto-char (point-min)))'"
await 'bessel.py' 20
await 'vivo' 20
keys C-c C-a
await '⟶ 0\.765197' 60
await 'vivo:idle' 60
keys C-c C-z
await 'Out\[5\]: \(\(32, 32\)' 30
keys -l 'j0(2.5)'
keys Enter
await 'Out\[6\]: ' 30
keys C-x o
keys M-'<'
keys C-s
keys -l 'j0_integral(1.0)'
keys Enter
await '⟶ 0\.765197' 10
if [ "${VIVO_EMACS_PROGRAM:-emacs}" = emacs ]; then # one of the two draws the picture
  mkdir -p "$root/docs/images"
  run capture-pane -p -e -t main >"$work/screen.ansi"
  "$root/.venv/bin/python" "$here/picture.py" "$work/screen.ansi" "$root/docs/images/emacs.png"
fi
# The inferior buffer: a block over several lines, the history, a question, an interrupt, and the way back.
keys C-c C-z
keys -l 'for n in (20, 22):'
keys Enter
await '^   \.\.\.:' 10
keys -l 'print("n is", n)'
keys Enter
keys Enter
await '^n is 22' 20
await '^In \[8\]:$' 20
keys M-p
await '^In \[8\]: for n in \(20, 22\):$' 10
keys C-c C-c
gone '^In \[8\]: for n' 10
keys -l 'name = input("who? ")'
keys Enter
await '^who\?$' 20
keys -l 'somebody'
keys Enter
await '^In \[9\]:$' 20
keys -l 'while name: pass'
keys Enter
keys Enter
await 'vivo:busy' 20
keys C-c C-c
await 'KeyboardInterrupt' 20
await '^In \[10\]:$' 20
keys C-c C-z
keys C-x C-c
end=$((SECONDS + 20))
while run has-session -t main 2>/dev/null; do
  screen 2>/dev/null | grep -qE 'Modified buffers|exit anyway|Save file' && keys -l y
  [ $SECONDS -lt $end ] || { echo "Emacs does not end:"; screen; echo "$passed passed, 1 failed"; exit 1; }
  sleep 0.1
done
[ "$("$root/.venv/bin/vivo" sessions --json | grep -c session_id)" = 1 ] || { echo "the session is gone"; exit 1; }
passed=$((passed + 1))
"$root/.venv/bin/vivo" sessions end --all >/dev/null
echo "$passed passed, 0 failed"
