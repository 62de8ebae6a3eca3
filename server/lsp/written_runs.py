"""What ran, as files: for a client that opens files alone, and shall be led to what is gone.

Rules:

1. A file is the user's alone (0600, in a folder that is too), and holds the text of one run.
2. Those that a server has written go with it; what one left that was killed goes a week later.
"""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

from ...parallel.directories import shown_runs_folder, write_private
from ...parallel.messages import RunRecord

_SECONDS = 7 * 24 * 3600.0
_UNFIT = re.compile(r"[^\w-]+")


class WrittenRuns:
    """The files that one server has written."""

    def __init__(self) -> None:
        self._written: set[Path] = set()

    def write(self, record: RunRecord) -> str:
        """The URI of a file with a run's text. Raises ``OSError``."""
        folder = shown_runs_folder()
        if not self._written:
            _remove_old(folder)
        path = folder / f"{_UNFIT.sub('_', record.id)[:80]}.py"
        write_private(path, f"{record.source}\n".encode("utf-8", "replace"))
        self._written.add(path)
        return path.as_uri()

    def close(self) -> None:
        """Remove what was written."""
        for path in self._written:
            path.unlink(missing_ok=True)
        self._written.clear()


def _remove_old(folder: Path) -> None:
    for path in folder.glob("*.py"):
        with contextlib.suppress(OSError):  # another server was faster
            if time.time() - path.stat().st_mtime > _SECONDS:
                path.unlink()
