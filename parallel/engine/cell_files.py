"""The files that stand for cells without a file, for a debugger's breakpoints.

A Jupyter client computes a cell's file name by itself: a prefix, the MurmurHash2 of the text in
UTF-8, a suffix (``debugInfo`` in Jupyter's debugger protocol, JEP 47).
"""

from __future__ import annotations

import atexit
import linecache
import os
from pathlib import Path

from ...core.private_files import open_file

SUFFIX = ".py"
SEED = 0xC70F6907
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes, seed: int = SEED) -> int:
    """The 32-bit MurmurHash2 of some bytes (Austin Appleby's x86 variant)."""
    length = len(data)
    value = seed ^ length
    whole = length & ~3
    for start in range(0, whole, 4):
        block = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _MASK
        block = (block ^ block >> 24) * _MULTIPLIER & _MASK
        value = (value * _MULTIPLIER & _MASK) ^ block
    rest = data[whole:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _MASK
    value = (value ^ value >> 13) * _MULTIPLIER & _MASK
    return value ^ value >> 15


def source_of(path: object) -> str | None:
    """The text under a file name, as it ran or else as the file holds it; None without one."""
    if not isinstance(path, str):
        return None
    return "".join(linecache.getlines(path)) or None


class CellFiles:
    """A private folder with a file for each cell that a client has shown, until the engine ends."""

    def __init__(self) -> None:
        self._folder: str | None = None
        self.texts: dict[str, str] = {}
        """The cells that have a file, by its name."""

    @property
    def prefix(self) -> str:
        """What every cell's file name begins with. Makes the folder."""
        if self._folder is None:
            import tempfile

            self._folder = tempfile.mkdtemp(prefix="vivo-cells-")
            atexit.register(self.remove)
        return self._folder + os.sep

    def name_of(self, text: str) -> str:
        """The file name of a cell with that text."""
        return f"{self.prefix}{murmur2(text.encode('utf-8', 'surrogatepass'))}{SUFFIX}"

    def write(self, text: str) -> str:
        """Write a cell's file; gives its name."""
        name = self.name_of(text)
        descriptor = open_file(Path(name), os.O_WRONLY | os.O_TRUNC)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogatepass"))
        self.texts[name] = text
        return name

    def remove(self) -> None:
        """Remove the folder."""
        if self._folder is not None:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
