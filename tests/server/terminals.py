"""A real terminal for tests: tmux, its keys and its screen."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

DEADLINE = 30.0
_NUMBERS = itertools.count()


class Terminal:
    """A program in a window of tmux, 100 columns wide."""

    def __init__(
        self,
        home: Path,
        *words: str,
        term: str = "xterm-256color",
        more: str = "",
        rows: int = 40,
    ) -> None:
        """``more``: assignments before the command, as a shell has them."""
        # A server that ends leaves its socket for a moment: each has its own.
        self._base = ["tmux", "-S", str(home / f"tmux-{next(_NUMBERS)}"), "-f", "/dev/null"]
        command = " ".join(f"'{word}'" for word in words)
        # The shell stays when the program ends: its last screen is wanted too.
        line = f"trap : INT; cd '{home}'; TERM={term} {more} {command}; echo status $?; read end"
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh", "PAGER": "less"}
        environment.pop("TMUX", None)
        self._tmux(
            "new-session", "-d", "-s", "test", "-x", "100", "-y", str(rows), line, env=environment
        )

    def _tmux(self, *words: str, env: dict[str, str] | None = None) -> str:
        result = subprocess.run(
            [*self._base, *words], capture_output=True, text=True, check=True, env=env
        )
        return result.stdout

    def type(self, text: str) -> None:
        """Type a text as it is."""
        # tmux takes a last semicolon for its own.
        text = text[:-1] + "\\;" if text.endswith(";") else text
        self._tmux("send-keys", "-t", "test", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: Enter, C-c, Tab."""
        self._tmux("send-keys", "-t", "test", *keys)

    def paste(self, text: str) -> None:
        """Paste a text into a program that is not told where it begins and ends."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-t", "test")

    def run(self, cell: str) -> None:
        """Type a line and press Enter."""
        self.type(cell)
        self.press("Enter")

    def screen(self, *, escapes: bool = False) -> str:
        """What the screen shows."""
        return self._tmux("capture-pane", "-p", "-t", "test", *(["-e"] if escapes else []))

    def wait(self, text: str) -> str:
        """Wait until a text is on the screen; the screen. Fails with the screen if it never is."""
        return self.wait_until(lambda screen: text in screen, text)

    def wait_until(self, holds: Callable[[str], bool], what: str) -> str:
        """Wait until the screen is as wanted."""
        end = time.monotonic() + DEADLINE
        while not holds(shown := self.screen()):
            assert time.monotonic() < end, f"never on the screen: {what}\n{shown}"
            time.sleep(0.03)
        return shown

    def close(self) -> None:
        """End the window and its program."""
        subprocess.run([*self._base, "kill-server"], capture_output=True, check=False)
