#!/usr/bin/env bash
# docs/tutorial.md in Emacs, by real keys: in a window (under Xvfb) where Emacs has windows, else in a terminal, without
# the figure. Its code is read from the page itself; with VIVO_PICTURES=1 the pictures of the page are taken anew.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
emacs="${VIVO_EMACS_PROGRAM:-emacs}"
name="vivo-tutorial-$$-$RANDOM"
passed=0
bash "$here/../tutorial-environment.sh"
work=$(mktemp -d /tmp/vq-XXXXXX)
mkdir "$work/tutorial"
ln -s "$root/.venv-tutorial" "$work/tutorial/.venv"
export VIVO_TUTORIAL_FOLDER="$work" VIVO_TEST_ROOT="$root"
has_window=
"$emacs" -batch --eval '(kill-emacs (if (fboundp (quote x-create-frame)) 0 1))' && has_window=yes

end() {
  [ -z "${editor:-}" ] || kill "$editor" 2>/dev/null || true
  [ -z "${display:-}" ] || { kill "$display" 2>/dev/null || true; wait "$display" 2>/dev/null || true; }
  tmux -L "$name" kill-server 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT

if [ "$has_window" ]; then
  needed=()
  command -v Xvfb >/dev/null || needed+=(xvfb)
  command -v xdotool >/dev/null || needed+=(xdotool)
  [ ${#needed[@]} = 0 ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needed[@]}" >/dev/null
  Xvfb -displayfd 9 -screen 0 1000x720x24 -nolisten tcp -noreset 9>"$work/display" 2>/dev/null &
  display=$!
  until [ -s "$work/display" ]; do sleep 0.05; done
  export DISPLAY=":$(cat "$work/display")" GDK_BACKEND=x11
fi

open() { # start Emacs on the file, as its user does
  local words="-q -L '$root/editors/emacs' -L '$here' -l tutorial '$work/tutorial/tutorial.py' --eval '(tutorial-begin)'"
  rm -f "$work/screen"
  if [ "$has_window" ]; then
    eval "'$emacs' $words" >"$work/log" 2>&1 &
    editor=$!
  else
    TERM=xterm-256color tmux -L "$name" -f /dev/null new-session -d -s main -x 120 -y 44 "$emacs -nw $words"
  fi
  await 'vivo' 60
  [ -z "$has_window" ] || xdotool mousemove 600 600
}
keys() { # KEY…: as Emacs writes them
  local key
  for key in "$@"; do
    if [ "$has_window" ]; then
      case $key in RET) key=Return ;; M-DEL) key=alt+BackSpace ;; C-*) key="ctrl+${key#C-}" ;; M-'<') key="alt+less" ;; M-'>') key="alt+greater" ;; M-*) key="alt+${key#M-}" ;; esac
      xdotool key --clearmodifiers "$key"
    else
      case $key in RET) key=Enter ;; M-DEL) key=M-BSpace ;; esac
      tmux -L "$name" send-keys -t main "$key"
    fi
  done
}
typed() { # TEXT, of one line
  if [ "$has_window" ]; then xdotool type --clearmodifiers "$1"; else tmux -L "$name" send-keys -t main -l "$1"; fi
}
screen() { cat "$work/screen" 2>/dev/null || true; } # what tutorial.el sees in the windows, some times a second
await() { # PATTERN SECONDS
  local end=$((SECONDS + $2))
  until screen | grep -qE -- "$1"; do
    if [ $SECONDS -ge $end ]; then
      echo "never seen: '$1'"
      screen
      cat "$work/log" 2>/dev/null || true
      echo "$passed passed, 1 failed"
      exit 1
    fi
    sleep 0.1
  done
  passed=$((passed + 1))
}
gone() { # PATTERN SECONDS
  local end=$((SECONDS + $2))
  while screen | grep -qE -- "$1"; do
    [ $SECONDS -lt $end ] || { echo "still there: '$1'"; screen; echo "$passed passed, 1 failed"; exit 1; }
    sleep 0.1
  done
  passed=$((passed + 1))
}
code() { # STEP: its code in the page
  awk -v step="$1" '/^## [0-9]+\. /{at=$2+0} /^```$/{inside=0} inside; /^```python$/{inside=(at==step)}' "$root/docs/tutorial.md"
}
written=
write() { # STEP: its code is yanked at the end of the file
  { [ -z "$written" ] || printf '\n'; code "$1"; } >"$work/clipboard"
  written=yes
  keys M-'>' C-y
}
quit() {
  keys C-x C-c
  local end=$((SECONDS + 30))
  while if [ "$has_window" ]; then kill -0 "$editor" 2>/dev/null; else tmux -L "$name" has-session -t main 2>/dev/null; fi; do
    [ $SECONDS -lt $end ] || { echo "Emacs does not end:"; screen; exit 1; }
    sleep 0.1
  done
  editor=
}
picture() { # STEP
  [ "$has_window" ] && [ -n "${VIVO_PICTURES:-}" ] || return 0
  rm -f "$work/picture.png"
  touch "$work/wanted"
  local end=$((SECONDS + 20))
  until [ -e "$work/picture.png" ]; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done
  "$root/.venv-tutorial/bin/python" "$here/../small_picture.py" "$work/picture.png" "$root/docs/images/tutorial/emacs-$1.png"
}
vivo() { "$root/.venv/bin/vivo" "$@"; }

open
# 1. values beside the code
write 1
keys C-c C-c
await '⟶ np\.float64\(25\.0\)' 60
await 'vivo:idle' 30
picture 1
session=$(vivo sessions --json | grep -o '"session_id": *"[^"]*"')
# 2. a live object
keys M-'<' C-s; typed 'days'; keys RET M-b
await 'pandas\.DataFrame' 30
keys C-c C-d
await 'Oslo' 30
picture 2
keys q C-x 1
# 3. an error with the frame's values
write 3
keys C-c C-c
await '✗ ZeroDivisionError' 30
await "city = 'Paris'" 30
picture 3
# 4. post-mortem
keys C-c C-v d p
await '^vdb>' 30
typed "$(code 4)"; keys RET
await "\['Oslo', 'Rome'\]" 30
picture 4
typed q; keys RET
await 'vivo:idle' 30
keys C-x 1 M-'<' C-s; typed 'Paris'; keys RET M-DEL; typed Oslo; keys C-c C-c
await '⟶ \(15\.06' 30
gone '✗' 30
# 5. a plot
write 5
keys C-c C-c
if [ "$has_window" ]; then await 'IMAGE' 60; else await 'figure' 60; fi
picture 5
# 6. the variables
keys C-c C-v v
await 'days +.*DataFrame' 30
picture 6
keys q C-x 1
# 7. send to cluster
write 7
keys C-c C-v c c
await '\[0\] 3\.1' 90
picture 7
# 8. close and come back
keys C-x C-s
quit
[ "$(vivo sessions --json | grep -o '"session_id": *"[^"]*"' | head -1)" = "$(echo "$session" | head -1)" ] || { echo "the session is gone"; exit 1; }
open
await '⟶ np\.float64\(25\.0\)' 60
write 8
keys C-c C-c
await '⟶ \(6, 3\)' 30
picture 8
keys C-x C-s
quit
vivo cluster stop >/dev/null
vivo sessions end --all >/dev/null
echo "$passed passed, 0 failed"
