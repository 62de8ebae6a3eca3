# An Emacs under tmux, for scripts that source this: what its screen shows, and the keys it gets. They set
# `name`, the server's socket.
run() { tmux -L "$name" -f /dev/null "$@"; }
screen() { run capture-pane -p -t main; }
passed=0
await() { # PATTERN SECONDS: wait until the screen shows it
  local end=$((SECONDS + $2))
  until screen | grep -qE -- "$1"; do
    if [ $SECONDS -ge $end ]; then
      echo "the screen never showed '$1':"
      screen
      echo "$passed passed, 1 failed"
      exit 1
    fi
    sleep 0.05
  done
  passed=$((passed + 1))
}
gone() { # PATTERN SECONDS: wait until the screen shows it no more
  local end=$((SECONDS + $2))
  while screen | grep -qE -- "$1"; do
    [ $SECONDS -lt $end ] || { echo "still on the screen: '$1'"; screen; echo "$passed passed, 1 failed"; exit 1; }
    sleep 0.05
  done
  passed=$((passed + 1))
}
keys() { run send-keys -t main "$@"; }
