"""Files of shared memory that are used again: their pages are there already.

To write a large buffer into a new file takes three times as long as to write it into one that
has its pages. Whoever writes shared buffers keeps some of the files open, and writes the next
buffer into one that nobody has mapped any more. Rules:

1. A file is used again only when the name under which it was told is gone and nobody holds a lock
   on it: who maps it holds one for as long as the mapping lives, in forked children too.
2. What is kept is bounded, and is removed when its process ends or lets go of it. What a process
   that was killed has left is removed by the next one that keeps any.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
from pathlib import Path
from typing import Any, NamedTuple

try:
    import fcntl
except ImportError:  # there is no memory file system either
    fcntl = None  # type: ignore[assignment]

SMALLEST = 8 * 2**20
"""Bytes from which on a file is worth keeping."""
_MOST_BYTES, _MOST_FILES = 256 * 2**20, 8
_KEPT = re.compile(r".+\.(\d+)")


class _Spare(NamedTuple):
    """A file that is kept: its descriptor, its lasting name, and its size."""

    descriptor: int
    path: Path
    size: int


class Spares:
    """The files that a process keeps."""

    def __init__(self) -> None:
        self._kept: list[_Spare] = []
        self._lock = threading.Lock()
        self._has_looked = False

    def write(self, path: Path, data: Any) -> bool:
        """Write data into a kept file, which is then at ``path`` too; whether there was one."""
        descriptor = self.take(path, len(data))
        if descriptor is None:
            return False
        try:
            write_all(descriptor, data)
        except OSError:  # no room
            path.unlink(missing_ok=True)
            self.forget()
            return False
        finally:
            os.close(descriptor)
        return True

    def take(self, path: Path, size: int) -> int | None:
        """A descriptor of a kept file, which has this size and is at ``path`` too from now on."""
        if fcntl is None or size < SMALLEST:
            return None
        with self._lock:
            fitting = sorted(self._kept, key=lambda each: (each.size < size, abs(each.size - size)))
            spare = next(filter(_is_free, fitting), None)
            if spare is None:
                return None
            self._kept.remove(spare)
            try:
                if spare.size != size:
                    os.ftruncate(spare.descriptor, size)
                os.link(spare.path, path)
                descriptor = os.dup(spare.descriptor)
                self._kept.append(spare._replace(size=size))
                fcntl.flock(spare.descriptor, fcntl.LOCK_UN)
                return descriptor
            except OSError:  # no room; or somebody has removed it
                _remove(spare)
                return None

    def keep(self, descriptor: int, path: Path, size: int) -> None:
        """Keep a file that was just written, if it is worth it."""
        if fcntl is None or not SMALLEST <= size <= _MOST_BYTES:
            return
        with self._lock:
            if not self._has_looked:
                self._has_looked = True
                _remove_left(path.parent)
                atexit.register(self.forget)
            name = path.with_name(f"{path.name}.{os.getpid()}")
            try:
                os.link(path, name)
                self._kept.append(_Spare(os.dup(descriptor), name, size))
            except OSError:
                return
            while len(self._kept) > _MOST_FILES or sum(s.size for s in self._kept) > _MOST_BYTES:
                _remove(self._kept.pop(0))

    def forget(self) -> None:
        """Keep none."""
        with self._lock:
            kept, self._kept = self._kept, []
        for each in kept:
            _remove(each)

    def forked(self) -> None:
        """This is a child of the process that keeps them: they are not its own."""
        self._lock = threading.Lock()
        kept, self._kept = self._kept, []
        for each in kept:
            os.close(each.descriptor)


def write_all(descriptor: int, data: Any, start: int = 0) -> None:
    """Write all of some data into a file, from ``start`` on. Raises ``OSError``."""
    view, at = memoryview(data), 0
    while at < len(view):
        at += os.pwrite(descriptor, view[at:], start + at)


def hold(descriptor: int) -> None:
    """Hold a file for as long as its descriptor, or what was made of it, is open (rule 1)."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def _is_free(spare: _Spare) -> bool:
    """Whether nobody has a file any more, or is to get it (rule 1); it is locked then."""
    try:
        if os.fstat(spare.descriptor).st_nlink != 1:
            return False
        fcntl.flock(spare.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(spare: _Spare) -> None:
    os.close(spare.descriptor)
    spare.path.unlink(missing_ok=True)


def _remove_left(folder: Path) -> None:
    """Remove what killed processes have kept (rule 2)."""
    for path in folder.iterdir():
        found = _KEPT.fullmatch(path.name)
        if found is None:
            continue
        try:
            os.kill(int(found[1]), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except OSError:
            continue  # somebody's


spares = Spares()
"""Those of this process."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=spares.forked)
