"""The bytes of tasks: small ones in memory and in the log, large ones in files of their own."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from ....core.private_files import make_folder, open_file, sync_folder

LARGE = 2**20
"""Bytes from which on a buffer is kept out of the log."""


class InFile(msgspec.Struct, frozen=True):
    """A buffer in a file."""

    path: str
    size: int


Buffer = bytes | InFile


class Payloads:
    """The files of large buffers, in a folder of the log's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder)

    def store(self, buffers: list[bytes]) -> list[Buffer]:
        """Write the large ones, down to the disk. Raises ``OSError`` if there is no room."""
        stored: list[Buffer] = []
        try:
            for each in buffers:
                stored.append(each if len(each) < LARGE else self._write(each))
        except OSError:
            self.remove(stored)
            raise
        if any(isinstance(each, InFile) for each in stored):
            sync_folder(self._folder)
        return stored

    def _write(self, data: bytes) -> InFile:
        path = self._folder / os.urandom(16).hex()
        descriptor = open_file(path, os.O_WRONLY | os.O_EXCL)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fdatasync(descriptor)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(descriptor)
        return InFile(path.name, len(data))

    def load(self, buffers: list[Buffer]) -> list[bytes]:
        """The bytes of all. Raises ``OSError``."""
        return [
            (self._folder / each.path).read_bytes() if isinstance(each, InFile) else each
            for each in buffers
        ]

    def remove(self, buffers: list[Buffer]) -> None:
        """Remove the files of buffers that nobody wants any more."""
        for each in buffers:
            if isinstance(each, InFile):
                (self._folder / each.path).unlink(missing_ok=True)

    def remove_others(self, kept: set[str]) -> None:
        """Remove the files that no task has: of what was never acknowledged."""
        for path in self._folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)
