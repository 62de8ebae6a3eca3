"""Large buffers between processes of one host, by shared memory instead of a socket.

A buffer is written once, into a file of the memory file system; what travels is its name (large
files are used again: :mod:`.spares`). Whoever takes it maps it, privately: it may be written to
without anybody else seeing it. Standard library only: engines load this too. Rules:

1. The files are in one folder that is the user's alone (0700); a peer names a file in it and
   nothing else, and whatever is no plain file of the user's there is refused.
2. Who takes a file removes it, unless it was asked to keep it for who wrote it; a session's keeper
   removes what is left of its own at the end.
3. Where there is no such file system, or no room, buffers travel as they always do.
"""

from __future__ import annotations

import mmap
import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .spares import hold, spares, write_all

SMALLEST = 2**20
"""Bytes from which on a buffer is worth a file."""
_BASE = Path("/dev/shm")
_NAME = re.compile(r"[0-9A-Za-z]{1,40}-[0-9a-f]{32}")

_SENSELESS = "what is told of a shared buffer is not its place, name and length"

Shared = list[Any]
"""``[index, name, length]`` of a buffer."""


class SharingError(ValueError):
    """A shared buffer is not there, or is none."""


def folder() -> Path | None:
    """The folder of shared buffers, made if it is missing; None where there can be none."""
    path = _BASE / f"vivo-{os.getuid()}"
    try:
        try:
            path.mkdir(0o700)
        except FileExistsError:
            pass
        found = path.lstat()
    except OSError:
        return None
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return path if is_own and not found.st_mode & 0o077 else None


def share(
    buffers: Sequence[Any], owner: str, *, smallest: int = SMALLEST
) -> tuple[list[Any], list[Shared]]:
    """Write the large ones into files: the buffers that are left, and what was shared.

    ``owner`` is the id of the session that the files are for (rule 2).
    """
    left, shared = list(buffers), []
    if all(len(each) < smallest for each in left):
        return left, []
    base = folder()
    if base is None:
        return left, []
    for index, each in enumerate(left):
        if len(each) < smallest:
            continue
        name = f"{owner}-{os.urandom(16).hex()}"
        if not _write(base / name, each):
            break
        left[index] = b""
        shared.append([index, name, len(each)])
    return left, shared


def _write(path: Path, data: Any) -> bool:
    if spares.write(path, data):
        return True
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        write_all(descriptor, data)
        spares.keep(descriptor, path, len(data))
        return True
    except OSError:  # no room
        path.unlink()
        return False
    finally:
        os.close(descriptor)


def reserve(name: str, size: int) -> int:
    """A descriptor of room for a buffer that comes in parts; :func:`complete` gives it its name.

    Raises :class:`SharingError` where there is no room.
    """
    path = _unfinished(name)
    descriptor = spares.take(path, size)
    if descriptor is None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            os.ftruncate(descriptor, size)
        except OSError as error:
            raise SharingError(f"there is no room for it ({error.strerror})") from None
        spares.keep(descriptor, path, size)
    return descriptor


def complete(name: str) -> None:
    """A buffer has come whole: it can be taken."""
    _unfinished(name).rename(_path(name))


def abandon(name: str) -> None:
    """What comes in parts will not be whole: give its room back."""
    _unfinished(name).unlink(missing_ok=True)


def _unfinished(name: str) -> Path:
    return _path(name).with_suffix(".part")


def take(
    buffers: Iterable[Any], shared: Iterable[Shared], *, keep: bool = False, in_common: bool = False
) -> list[Any]:
    """The buffers, with what was shared mapped into its places; with ``keep``, files stay. With
    ``in_common`` all who take them so see what any of them writes.

    Raises :class:`SharingError` for what is not there, or not what it should be.
    """
    whole = list(buffers)
    for told in shared:
        index, name, length = _checked(told, len(whole))
        whole[index] = _map(_path(name), length, keep=keep, in_common=in_common)
    return whole


def read(buffers: Iterable[Any], shared: Iterable[Shared]) -> list[bytes]:
    """The buffers as bytes, for whoever sends them on. The files stay; raises as :func:`take`."""
    return [bytes(each) for each in take(buffers, shared, keep=True)]


def drop(shared: Iterable[Shared]) -> None:
    """Remove the files of buffers that nobody will take."""
    for told in shared:
        try:
            _path(str(told[1])).unlink()
        except (OSError, SharingError):
            continue  # it was taken


def forget_spares() -> None:
    """Nothing more is to be shared for now: keep no files for it."""
    spares.forget()


def drop_all(owner: str) -> None:
    """Remove what is left of a session's (rule 2)."""
    base = folder()
    if base is None:
        return
    for path in base.glob(f"{owner}-*"):
        path.unlink(missing_ok=True)


def _checked(told: Shared, count: int) -> tuple[int, str, int]:
    try:
        index, name, length = told
    except (TypeError, ValueError):
        raise SharingError(_SENSELESS) from None
    if type(index) is not int or type(length) is not int or not isinstance(name, str):
        raise SharingError(_SENSELESS)
    if not 0 <= index < count or length < 1:
        raise SharingError("a shared buffer has no place among the others")
    return index, name, length


def _path(name: str) -> Path:
    base = folder()
    if base is None or not _NAME.fullmatch(name):
        raise SharingError(f"{name!r} is no shared buffer's name")
    return base / name


def _map(path: Path, length: int, *, keep: bool, in_common: bool) -> Any:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SharingError(f"a shared buffer is not there ({error.strerror})") from None
    try:
        found = os.fstat(descriptor)
        is_file = stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid()
        if not is_file or found.st_size != length:
            raise SharingError("a shared buffer is not the file that was told")
        hold(descriptor)  # before the name goes: whoever wrote it may want the file again
        flags = mmap.MAP_SHARED if in_common else mmap.MAP_PRIVATE
        mapped = mmap.mmap(descriptor, length, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    finally:
        os.close(descriptor)
    if not keep:
        path.unlink()
    return mapped
