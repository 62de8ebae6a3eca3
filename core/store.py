"""Values that outlive a session: ``%store``, and the folders that ``%bookmark`` names.

Rules:

1. A value is a pickle of its own, written aside and renamed: a failed store leaves the old one.
2. Only what the user has stored is ever read back, and only when asked: a pickle is code. What
   another user may have written is not read.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from pathlib import Path
from typing import Any

from .errors import UsageError
from .private_files import make_folder, may_be_anothers, open_file


def data_directory() -> Path:
    """Where vivo keeps a user's data, by the XDG base directory specification."""
    held = os.environ.get("XDG_DATA_HOME")
    if held:
        return Path(held) / "vivo"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "vivo"
    return Path.home() / ".local" / "share" / "vivo"


class Store:
    """Named values in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """The folder of the values; made at the first write."""
        return self._folder or data_directory() / "store"

    def names(self) -> list[str]:
        """The names that are stored."""
        return sorted(path.stem for path in self.folder.glob("*.pickle"))

    def put(self, name: str, value: Any) -> int:
        """Store a value; give its bytes. Raises :class:`UsageError` if it cannot be pickled."""
        try:
            data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001 - a value's own __reduce__ may raise anything
            raise UsageError(
                f"{name} cannot be stored: {type(error).__name__}: {error}. Classes and functions "
                "of the session itself cannot; put them into a module."
            ) from None
        self._write(self._path(name), data)
        return len(data)

    def get(self, name: str) -> Any:
        """A stored value. Raises :class:`UsageError` if there is none, or if it cannot be read."""
        path = self._path(name)
        if not path.exists():
            raise UsageError(f"Nothing is stored as {name}; %store lists what is.")
        if may_be_anothers(path) or may_be_anothers(self.folder):
            raise UsageError(
                f"{name} is not read back: every user may have written it, and it is code. "
                f"If it is as you left it, take the others' rights away: chmod -R go= {self.folder}"
            )
        try:
            return pickle.loads(path.read_bytes())
        except Exception as error:  # noqa: BLE001 - unpickling runs code of the value's module
            raise UsageError(
                f"{name} cannot be read back: {type(error).__name__}: {error}. "
                f"%store -d {name} removes it."
            ) from None

    def remove(self, name: str) -> None:
        """Remove a stored value. Raises :class:`UsageError` if there is none."""
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            raise UsageError(f"Nothing is stored as {name}; %store lists what is.") from None

    def _path(self, name: str) -> Path:
        if not name.isidentifier():
            raise UsageError(f"{name} is no name that a value can be stored under.")
        return self.folder / f"{name}.pickle"

    def _write(self, path: Path, data: bytes) -> None:
        make_folder(self.folder)
        aside = path.with_suffix(f".{os.getpid()}.new")
        aside.unlink(missing_ok=True)
        with os.fdopen(open_file(aside, os.O_WRONLY | os.O_EXCL), "wb") as stream:
            stream.write(data)
        aside.replace(path)

    # --- Bookmarks -------------------------------------------------------------------------

    def bookmarks(self) -> dict[str, str]:
        """The folders that have names."""
        try:
            held = json.loads((self.folder / "bookmarks.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}  # none yet, or a file that somebody has broken: begin anew
        return held if isinstance(held, dict) else {}

    def set_bookmarks(self, marks: dict[str, str]) -> None:
        """Keep the folders that have names."""
        text = json.dumps(marks, indent=1, sort_keys=True)
        self._write(self.folder / "bookmarks.json", text.encode("utf-8"))
