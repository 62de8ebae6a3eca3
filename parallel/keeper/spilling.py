"""The spill files of cells that print more than is shown.

A cell that prints for ever would take all of the disk, and with it what the journal needs and what
the user's other programs do: a spill file is given up before.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from ..logs import Log

_log = Log(__name__)
_LOOK_BYTES = 16 * 2**20  # written to a file between two looks at the free space
_SPARED_PART, _MOST_SPARED = 20, 5 * 2**30  # a twentieth of the disk, at most 5 GiB, is left alone


def spill_files(folder: Path) -> dict[str, int]:
    """The sizes of a session's spill files, by path."""
    return {str(path): path.stat().st_size for path in folder.glob("output-*.txt")}


class SpillFiles:
    """Writes them. A disk that is full costs the rest of a file, and is said once, never raised.

    Once a whole file was written again it would be said again.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._is_failing = False
        self._open: dict[str, int] = {}
        """-1 where writing has failed: what is in the file is its beginning, whole."""
        self._until_look: dict[str, int] = {}

    def append(self, path: str, text: str) -> bool:
        """Append text to the file, as UTF-8; whether it has all that it was given."""
        data = memoryview(text.encode("utf-8", "surrogatepass"))
        try:
            descriptor = self._open.get(path)
            if descriptor is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                descriptor = self._open[path] = os.open(path, flags, 0o600)
            self._look(path, descriptor, len(data))
            while data and descriptor >= 0:
                data = data[os.write(descriptor, data) :]
        except OSError as error:
            self._close(path)
            self._open[path] = -1
            if not self._is_failing:
                self._report(
                    f"The spill file {path} cannot be written ({error.strerror}): what the cell "
                    "prints from here on is kept as far as it is shown. Free some space."
                )
            self._is_failing = True
        return self._open[path] >= 0

    def _look(self, path: str, descriptor: int, size: int) -> None:
        """Raises ``OSError`` from time to time, if little space is left."""
        left = self._until_look.get(path, 0) - size
        if left < 0 <= descriptor:
            disk = os.fstatvfs(descriptor)
            spared = min(disk.f_blocks * disk.f_frsize // _SPARED_PART, _MOST_SPARED)
            if disk.f_bavail * disk.f_frsize < spared + size:
                free = disk.f_bavail * disk.f_frsize // 2**20
                raise OSError(errno.ENOSPC, f"the disk has {free:,} MiB left, which are spared")
            left = _LOOK_BYTES
        self._until_look[path] = left

    def end(self, path: str, *, is_kept: bool) -> None:
        """Close a file; remove it if nobody needs it."""
        self._close(path)
        self._until_look.pop(path, None)
        if self._open.pop(path, -1) >= 0:
            self._is_failing = False
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
