"""Files of displays that are not shown: each its richest form, as a file that a program opens."""

from __future__ import annotations

import binascii
import contextlib
import json
import os
from typing import Any

# Richest first: how a file is named that a program can open.
_FORMS = (
    ("text/html", "html"),
    ("image/svg+xml", "svg"),
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/gif", "gif"),
    ("application/pdf", "pdf"),
    ("text/markdown", "md"),
    ("text/latex", "tex"),
    ("text/plain", "txt"),
)


class DisplayFiles:
    """The files of one run, in a folder of their own that is made in ``parent`` with the first."""

    def __init__(self, parent: str) -> None:
        self._parent = parent
        self.folder = ""
        self.failure = ""
        """Why some could not be written; said once."""
        self._count = 0
        self._names: dict[str, str] = {}

    @property
    def where(self) -> str:
        """Where a reader finds them."""
        return self.failure or f"see {self.folder}"

    def write(self, data: dict[str, Any], display_id: str | None = None) -> str:
        """Write a display; one with an id replaces the one before. Gives the path, or nothing."""
        mime, ending = next((form for form in _FORMS if form[0] in data), ("", "json"))
        content = data.get(mime, data)
        if not isinstance(content, str):
            content = json.dumps(content)
        try:
            raw = content.encode("utf-8", "replace")
            if mime.startswith("image/") and mime != "image/svg+xml":
                raw = binascii.a2b_base64(raw)
            if not self.folder:
                self.folder = self._new_folder()
            name = self._names.get(display_id or "")
            if name is None:
                self._count += 1
                name = f"{self.folder}/{self._count:06d}.{ending}"
                if display_id:
                    self._names[display_id] = name
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, 0o600), "wb") as stream:
                stream.write(raw)
        except (OSError, ValueError) as error:
            self.failure = self.failure or f"some could not be written ({error})"
            return ""
        return name

    def remove(self, path: str) -> None:
        """Remove the file of a display that is shown, or that nobody would have seen."""
        if path:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - pathlib need not be loaded for this

    def close(self) -> None:
        """Remove the folder if nothing is in it."""
        if self.folder:
            with contextlib.suppress(OSError):
                os.rmdir(self.folder)  # noqa: PTH106 - as above

    def _new_folder(self) -> str:
        number = 1
        while True:
            folder = f"{self._parent}/displays-{number:04d}"
            try:
                os.mkdir(folder, 0o700)  # noqa: PTH102 - as above
                return folder
            except FileExistsError:
                number += 1
