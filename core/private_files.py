"""Folders and files that are the user's alone, whatever the umask of the user's shell.

Rules:

1. Each folder that is made on the way has mode 0700, as the XDG base directory specification wants
   it, and each file 0600, from its first moment: a mode that is set later comes too late.
2. What is there already keeps its mode.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing. Raises ``OSError``."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        if folder.parent == folder:
            break
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def open_file(path: Path, flags: int) -> int:
    """The descriptor of a file, made if it is missing; not inherited. Raises ``OSError``."""
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk itself. Raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_to_read(path: Path) -> BinaryIO:
    """A file, opened without waiting: what has its name may be a pipe. Raises ``OSError``."""
    return open(path, "rb", opener=_without_waiting)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def read_small(path: Path, limit: int = 2**16) -> bytes:
    """What a file holds that is never large. Raises ``OSError``, also for what is no file.

    A pipe in its place is not waited for, and a device does not fill the memory.
    """
    with open_to_read(path) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit} bytes")
    return data


def may_be_anothers(path: Path) -> bool:
    """Whether another user may have written a file. Raises ``OSError``."""
    found = path.stat()
    return found.st_uid not in (0, os.getuid()) or bool(found.st_mode & stat.S_IWOTH)
