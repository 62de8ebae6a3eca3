"""Pictures of a session: drawn by the terminal if it can, and written to a file in any case.

Protocols: kitty's (sw.kovidgoyal.net/kitty/graphics-protocol), iTerm2's
(iterm2.com/documentation-images.html), and sixel (VT330/VT340 manual, chapter 14). Which one a
terminal has is told by its environment; ``VIVO_IMAGES`` (kitty, iterm2, sixel, path) overrides.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.private_files import open_file
from ...parallel.directories import cache_folder, private

_EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
}
PROTOCOLS = ("kitty", "iterm2", "sixel", "path")
_KONSOLE = 220400  # 22.04, the first that draws pictures
_CHUNK = 4096  # bytes of base64 that one kitty command may carry


def protocol_of(environment: Mapping[str, str]) -> str:
    """How the terminal of an environment draws pictures; ``path`` if it does not."""
    wanted = environment.get("VIVO_IMAGES", "")
    if wanted in PROTOCOLS:
        return wanted
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("tmux", "screen")):
        return "path"  # a multiplexer passes no picture on
    if "KITTY_WINDOW_ID" in environment or "kitty" in term or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    konsole = environment.get("KONSOLE_VERSION", "")
    if konsole.isdecimal() and int(konsole) >= _KONSOLE:
        return "iterm2"
    if "sixel" in term or term.startswith(("foot", "mlterm", "yaft", "contour")):
        return "sixel"
    return "path"


class Pictures:
    """Shows the pictures of a session."""

    def __init__(self, session: str, protocol: str) -> None:
        self.session = session
        self.protocol = protocol
        self._count = 0
        self._folder: Path | None = None

    def show(self, data: dict[str, Any]) -> str | None:
        """The text that shows a MIME bundle's picture; None if it has none."""
        for mime, extension in _EXTENSIONS.items():
            if mime not in data:
                continue
            content = data[mime]
            if extension == "svg" and isinstance(content, str):
                picture = content.encode()
            else:
                try:
                    picture = base64.b64decode(content)
                except (binascii.Error, TypeError, ValueError):
                    return None
            drawn = draw(picture, mime, self.protocol)
            path = self._write(picture, extension)
            return f"{drawn}\n[picture: {path}]" if drawn else f"[picture: {path}]"
        return None

    def _write(self, picture: bytes, extension: str) -> Path:
        if self._folder is None:
            self._folder = private(cache_folder("console") / self.session)
        while True:
            self._count += 1
            path = self._folder / f"{self._count}.{extension}"
            try:
                # An earlier console's pictures stay.
                with os.fdopen(open_file(path, os.O_WRONLY | os.O_EXCL), "wb") as file:
                    file.write(picture)
            except FileExistsError:
                continue
            return path


def draw(picture: bytes, mime: str, protocol: str) -> str:
    """The escape codes that draw a picture; empty if the protocol cannot."""
    if protocol == "kitty" and mime == "image/png":
        return _kitty(picture)
    if protocol == "iterm2" and mime.startswith("image/") and mime != "image/svg+xml":
        text = base64.b64encode(picture).decode()
        return f"\x1b]1337;File=inline=1;size={len(picture)}:{text}\x07"
    if protocol == "sixel" and mime == "image/png":
        from .sixel import sixel_of_png

        return sixel_of_png(picture)
    return ""


def _kitty(picture: bytes) -> str:
    text = base64.b64encode(picture).decode()
    chunks = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
    drawn = []
    for number, chunk in enumerate(chunks):
        more = int(number < len(chunks) - 1)
        keys = f"a=T,f=100,m={more}" if number == 0 else f"m={more}"
        drawn.append(f"\x1b_G{keys};{chunk}\x1b\\")
    return "".join(drawn)
