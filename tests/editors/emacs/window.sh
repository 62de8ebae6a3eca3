#!/usr/bin/env bash
# Emacs in a window (under Xvfb): a figure stands below its cell as an image. For an Emacs that has windows.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
"${VIVO_EMACS_PROGRAM:-emacs}" -batch --eval '(kill-emacs (if (fboundp (quote x-create-frame)) 0 1))' || exit 0
command -v Xvfb >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends xvfb >/dev/null
work=$(mktemp -d /tmp/vx-XXXXXX)
trap 'rm -rf "$work"' EXIT
cp "$root/docs/examples/bessel.py" "$work"
printf '# %%%%\nimport matplotlib.pyplot as plt\nplt.plot([0, 1, 0, 2])\nplt.show()\n# %%%%\n6 * 7\n' >"$work/plot.py"
# Xvfb itself chooses a display that is free.
exec 8> >(cat >/dev/null)
Xvfb -displayfd 9 -screen 0 900x700x24 -nolisten tcp 9>"$work/display" 2>/dev/null &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT
end=$((SECONDS + 30))
until [ -s "$work/display" ]; do [ $SECONDS -lt $end ] || { echo "Xvfb does not start"; exit 1; }; sleep 0.05; done
export DISPLAY=":$(cat "$work/display")" GDK_BACKEND=x11 VIVO_WINDOW_FOLDER="$work" VIVO_TEST_ROOT="$root"
timeout 240 "${VIVO_EMACS_PROGRAM:-emacs}" -q -L "$root/editors/emacs" -l "$here/window.el" >"$work/log" 2>&1 || { cat "$work/log"; cat "$work/result" 2>/dev/null; echo "0 passed, 1 failed"; exit 1; }
cat "$work/result"
[ -z "${VIVO_WINDOW_PICTURE:-}" ] || cp "$work/picture.png" "$VIVO_WINDOW_PICTURE"
"$root/.venv/bin/vivo" sessions end --all >/dev/null
