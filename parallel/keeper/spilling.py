"""The spill files of cells that print more than is shown."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)


class SpillFiles:
    """Writes them. A disk that is full costs the rest of a file, and is said once, never raised."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._open: dict[str, int] = {}
        """-1 where writing has failed: what is in the file is its beginning, whole."""

    def append(self, path: str, text: str) -> None:
        """Append text to the file, as UTF-8."""
        data = memoryview(text.encode("utf-8", "surrogatepass"))
        try:
            descriptor = self._open.get(path)
            if descriptor is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                descriptor = self._open[path] = os.open(path, flags, 0o600)
            while data and descriptor >= 0:
                data = data[os.write(descriptor, data) :]
        except OSError as error:
            self._close(path)
            self._open[path] = -1
            self._report(
                f"The spill file {path} cannot be written ({error.strerror}): what the cell prints "
                "from here on is kept as far as it is shown. Free some space."
            )

    def end(self, path: str, *, is_kept: bool) -> None:
        """Close a file; remove it if nobody needs it."""
        self._close(path)
        self._open.pop(path, None)
        if not is_kept:
            Path(path).unlink(missing_ok=True)

    def close(self) -> None:
        """Close all files. They stay."""
        for path in tuple(self._open):
            self.end(path, is_kept=True)

    def _close(self, path: str) -> None:
        descriptor = self._open.get(path, -1)
        if descriptor >= 0:
            os.close(descriptor)
