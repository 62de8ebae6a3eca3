#!/usr/bin/env bash
# Someone who has an Emacs, a Python file and nothing else of vivo: what the screen says, and the one key to the way on.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
name="vivo-new-$$-$RANDOM"
. "$here/screen.sh"
work=$(mktemp -d /tmp/vn-XXXXXX)
printf '# %%%% hello\nname = input("who? ")\nname * 2\n\n# %%%% wrong\n1 / 0\n' >"$work/hello.py"
trap 'run kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

TERM=xterm-256color run new-session -d -s main -x 100 -y 30 \
  "${VIVO_EMACS_PROGRAM:-emacs} -nw -q -L '$root/editors/emacs' --eval '(setq inhibit-startup-screen t native-comp-async-report-warnings-errors nil warning-minimum-level :emergency ring-bell-function (quote ignore) python-indent-guess-indent-offset nil vivo-server-command (list \"vivo-not-there\" \"lsp\") vivo-install-folder \"$work/env\")' -l vivo '$work/hello.py' --eval '(progn (vivo-mode 1) (menu-bar-mode -1) (goto-char (point-min)))'"
await 'vivo:not installed' 30
keys C-c C-c
await 'C-c C-v I \(M-x vivo-install\)' 30
keys C-c C-v I
await 'Install vivo with pip into .*/env\?' 30
keys n
await 'Nothing was installed' 30
# The way on is a server: here the one of this checkout.
keys M-:
keys -l "(setq vivo-server-command (list \"$root/.venv/bin/vivo\" \"lsp\") vivo-python \"$root/.venv/bin/python\")"
keys Enter
keys C-c C-v L
gone 'not installed' 30
keys C-c C-c
await '^who\?' 60
keys -l 'ab'
keys Enter
await "⟶ 'abab'" 60
# The menu of everything, by transient.
keys C-c C-v '?'
await 'post-mortem' 30
await 'Python 3' 30
keys u
keys M-'>'
keys Up
keys C-c C-c
await '✗ ZeroDivisionError: division by zero' 60
keys C-c C-v i
await 'Interpreter' 30
keys C-g
keys C-c C-v s
await 'Session' 30
keys C-g
# C-g at a question is the end of the file for the cell.
keys M-'<'
keys C-c C-c
await '^who\?' 60
keys C-g
await '✗ EOFError' 60
keys C-x C-c
end=$((SECONDS + 30))
while run has-session -t main 2>/dev/null; do
  screen 2>/dev/null | grep -qE 'Modified buffers|exit anyway|Save file' && keys -l y
  [ $SECONDS -lt $end ] || { echo "Emacs does not end:"; screen; exit 1; }
  sleep 0.1
done
"$root/.venv/bin/vivo" sessions end --all >/dev/null
echo "$passed passed, 0 failed"
