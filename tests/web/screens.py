"""A screen of its own for a graphical program, and a keyboard: Xvfb and xdotool."""

from __future__ import annotations

import os
import select
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DEADLINE = 30.0  # seconds for what always comes


@dataclass
class Screen:
    """An X display, by its name."""

    name: str
    picture: Path | None = None
    """What is seen on it, in the format of xwd, if it was asked for."""

    def pixels(self, colour: bytes) -> int:
        """How many have a colour, as its red, green and blue."""
        assert self.picture is not None
        data = self.picture.read_bytes()
        head = struct.unpack_from(">25I", data)
        size, width, height, stride, colours = head[0], head[4], head[5], head[12], head[19]
        wanted, start, found = colour[::-1], size + 12 * colours, 0
        for at in range(start, start + height * stride, stride):
            row = data[at : at + 4 * width]  # blue, green, red, and a byte that means nothing
            if wanted in row:
                found += sum(row[x : x + 3] == wanted for x in range(0, len(row), 4))
        return found

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
def screen(size: str = "1000x800x24", folder: Path | None = None) -> Iterator[Screen]:
    """A new screen, seen in a folder; Xvfb itself chooses a display that is free."""
    read_end, write_end = os.pipe()
    words = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", size, "-nolisten", "tcp"]
    if folder is not None:
        words += ["-fbdir", str(folder)]
    server = subprocess.Popen(words, pass_fds=(write_end,), stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        told = b""
        while not told.endswith(b"\n"):
            ready, _, _ = select.select([read_end], [], [], DEADLINE)
            more = os.read(read_end, 16) if ready else b""
            assert more, "Xvfb does not start"
            told += more
        yield Screen(f":{told.decode().strip()}", folder / "Xvfb_screen0" if folder else None)
    finally:
        server.terminate()
        server.wait(DEADLINE)
        os.close(read_end)
