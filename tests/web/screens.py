"""A screen of its own for a graphical program, and a keyboard: Xvfb and xdotool."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

DEADLINE = 30.0  # seconds for what always comes


@dataclass
class Screen:
    """An X display, by its name."""

    name: str

    @property
    def environment(self) -> dict[str, str]:
        """What a program is given that is to draw on it."""
        return {**os.environ, "DISPLAY": self.name, "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8"}

    def _do(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, check=True,
            timeout=DEADLINE,
        )  # fmt: skip
        return done.stdout

    def focus(self, title: str) -> None:
        """Give the keyboard to the window of that title, once it is there.

        There is no window manager that would.
        """
        found = self._do("search", "--sync", "--onlyvisible", "--name", title).split()
        self._do("windowfocus", "--sync", found[-1])

    def type(self, text: str) -> None:
        """Type a text, as it is."""
        self._do("type", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys, by X's names: Return, Tab, ctrl+c."""
        self._do("key", *keys)


@contextmanager
def screen(size: str = "1000x800x24") -> Iterator[Screen]:
    """A new screen; Xvfb itself chooses a display that is free."""
    read_end, write_end = os.pipe()
    words = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(words, pass_fds=(write_end,), stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        told = b""
        while not told.endswith(b"\n"):
            ready, _, _ = select.select([read_end], [], [], DEADLINE)
            more = os.read(read_end, 16) if ready else b""
            assert more, "Xvfb does not start"
            told += more
        yield Screen(f":{told.decode().strip()}")
    finally:
        server.terminate()
        server.wait(DEADLINE)
        os.close(read_end)
