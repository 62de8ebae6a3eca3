"""The session log: inputs, and if wanted values, written to a file as they come.

The modes and the block of facts are those of the paper, Fig. 3:

- ``append`` to the file; ``backup``: an earlier one becomes ``NAME~``; ``global``: append to one
  file in the home folder; ``over``: write it anew; ``rotate``: earlier ones stay as ``NAME.001~``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TextIO

from .errors import UsageError

MODES = ("append", "backup", "global", "over", "rotate")


class SessionLog:
    """A log file of one shell. Begun by :meth:`start`; until then nothing is written."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.mode = "backup"
        self.logs_output = False
        self.logs_raw = False
        self.has_timestamps = False
        self.is_active = False
        self._stream: TextIO | None = None

    def start(
        self,
        name: str,
        mode: str,
        *,
        output: bool = False,
        raw: bool = False,
        timestamps: bool = False,
        inputs: list[str],
    ) -> None:
        """Begin a log with the inputs so far. Raises :class:`UsageError` if it cannot be."""
        if self._stream is not None:
            raise UsageError(f"The log {self.path} is on already; %logstop ends it.")
        if mode not in MODES:
            raise UsageError(f"%logstart knows the modes {', '.join(MODES)}; not {mode}.")
        path = Path.home() / name if mode == "global" else Path(name).expanduser()
        try:
            _make_room(path, mode)
            appended = mode in ("append", "global")
            self._stream = path.open("a" if appended else "w", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"The log {path} cannot be written: {error.strerror}.") from None
        self.path, self.mode = path, mode
        self.logs_output, self.logs_raw, self.has_timestamps = output, raw, timestamps
        self.is_active = True
        self._write("# vivo session log\n")
        if timestamps:
            self._write(time.strftime("# %a, %d %b %Y %H:%M:%S\n"))
        self._write("".join(f"{text.rstrip()}\n" for text in inputs if text.strip()))

    def add_input(self, source: str, transformed: str) -> None:
        """Write an input, if the log is on."""
        if not self.is_active or self._stream is None:
            return
        if self.has_timestamps:
            self._write(time.strftime("# %a, %d %b %Y %H:%M:%S\n"))
        self._write((source if self.logs_raw else transformed).rstrip() + "\n")

    def add_output(self, text: str) -> None:
        """Write the text of a value as comment lines, if that is wanted."""
        if self.is_active and self.logs_output and self._stream is not None:
            self._write("".join(f"#[Out]# {line}\n" for line in text.split("\n")))

    def _write(self, text: str) -> None:
        if self._stream is not None and text:
            self._stream.write(text)
            self._stream.flush()  # a session that is killed has logged all that it ran

    def switch(self, on: bool) -> None:
        """Suspend or go on. Raises :class:`UsageError` if no log was begun."""
        if self._stream is None:
            raise UsageError("No log was begun; %logstart FILE begins one.")
        self.is_active = on

    def stop(self) -> None:
        """End the log and close its file; nothing if there is none."""
        if self._stream is not None:
            self._stream.close()
        self._stream, self.is_active, self.path = None, False, None

    def status(self) -> str:
        """The block of facts that %logstate prints."""
        if self._stream is None:
            return "Logging has not been activated."
        rows = (
            ("Filename", self.path),
            ("Mode", self.mode),
            ("Output logging", self.logs_output),
            ("Raw input log", self.logs_raw),
            ("Timestamping", self.has_timestamps),
            ("State", "active" if self.is_active else "temporarily suspended"),
        )
        return "\n".join(f"{label:<14} : {value}" for label, value in rows)


def _make_room(path: Path, mode: str) -> None:
    """Set an earlier file aside as the mode says."""
    if not path.exists():
        return
    if mode == "backup":
        path.replace(path.with_name(path.name + "~"))
    elif mode == "rotate":
        number = 1
        while (aside := path.with_name(f"{path.name}.{number:03}~")).exists():
            number += 1
        path.rename(aside)
