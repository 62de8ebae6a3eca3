"""Where sessions keep their files.

Rules:

1. Every folder made here is the user's alone (0700), and every file (0600), whatever the umask.
2. A folder that another user has made, owns or may write to is refused with one sentence, also
   where it is a link of theirs: what is in it could be theirs too.
3. On the way to the sockets, which may lead through a temporary directory, nobody but the user and
   root may put one folder in the place of another.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..core.private_files import make_folder, open_file
from .errors import SessionError

MAXIMUM_SOCKET_PATH = 100
"""Bytes that a Unix socket's path may have (108 on Linux, 104 elsewhere, less a name)."""

_BELOW_HOME = {"cache": (".cache",), "data": (".local", "share"), "state": (".local", "state")}


def runtime_folder() -> Path:
    """Registry entries and sockets: gone after a reboot, as what they name is."""
    told = os.environ.get("XDG_RUNTIME_DIR")
    if told and Path(told).is_dir() and len(told) < MAXIMUM_SOCKET_PATH - 50:
        _check_way(base := Path(told))
        return private(base / "vivo")
    folder = _lasting_folder()
    _check_way(folder.parent)
    return private(folder)


def _lasting_folder() -> Path:
    import tempfile  # here and below: much to load, and a kernel's start needs none of it

    return Path(tempfile.gettempdir(), f"vivo-{os.getuid()}")


def registry_folder() -> Path:
    """One file for each session."""
    return private(runtime_folder() / "sessions")


def shares_folder() -> Path:
    """One file for each share of a session: it ends with the sessions."""
    return private(runtime_folder() / "shares")


def web_folder() -> Path:
    """One file for each web server that runs."""
    return private(runtime_folder() / "web")


def lasting_registry_folder() -> Path | None:
    """That of sessions which were told to outlast the user's last login, if it is another one."""
    told = os.environ.get("XDG_RUNTIME_DIR", "")
    if not _ends_with_login(told):
        return None
    folder = _lasting_folder()
    try:
        if not (folder / "sessions").is_dir():
            return None
        _check_way(folder.parent)
        return private(private(folder) / "sessions")
    except (OSError, SessionError):
        return None  # it is not this user's


def use_lasting_folder() -> None:
    """Have sockets where they stay: systemd removes its folder with the user's last login."""
    if _ends_with_login(os.environ.get("XDG_RUNTIME_DIR", "")):
        del os.environ["XDG_RUNTIME_DIR"]


def _ends_with_login(folder: str) -> bool:
    if folder != f"/run/user/{os.getuid()}":
        return False
    import getpass

    return not Path("/var/lib/systemd/linger", getpass.getuser()).exists()


def socket_folder(session: str) -> Path:
    """The sockets of a session."""
    return private(runtime_folder() / session)


def journals_folder() -> Path:
    """The folder of all journals, made with the first."""
    return _user_folder("state") / "sessions"


def journal_folder(session: str) -> Path:
    """The journal of a session, and its log."""
    return private(journals_folder() / session)


def shown_runs_folder() -> Path:
    """Texts of runs, for editors that can only open files."""
    return private(_user_folder("state") / "shown")


def history_file() -> Path:
    """The history that all sessions share."""
    return _user_folder("data") / "history.sqlite"


def cache_folder(name: str) -> Path:
    """A folder for what can be made again."""
    return private(_user_folder("cache") / name)


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[str]:
    """A new folder for what ends with this process, removed at the end."""
    told = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
    base = next((each for each in told if Path(each).is_absolute()), "/tmp")
    made = Path(base, f"{prefix}{os.urandom(8).hex()}")  # a name that none can guess
    try:
        made.mkdir(0o700)
        folder = str(made)
    except OSError:  # there is no such place, or it is full, or not ours to write to
        import tempfile

        folder = tempfile.mkdtemp(prefix=prefix)
    try:
        yield folder
    finally:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def current_folder() -> Path:
    """Where this process is. Raises :class:`SessionError` if the folder was deleted meanwhile."""
    try:
        return Path.cwd()
    except OSError as error:
        raise SessionError(
            f"The current folder is gone or closed to you ({error.strerror}): go to another one."
        ) from None


def in_full(path: Path) -> Path:
    """A path from the root, its links as they are; ``..`` goes where that leads to the same file.

    Raises :class:`SessionError` if it is relative and the current folder is gone.
    """
    full = path if path.is_absolute() else current_folder() / path
    tidy = Path(os.path.normpath(full))
    try:
        return tidy if tidy.samefile(full) else full
    except (OSError, ValueError):
        return full


def check_folder(folder: str) -> None:
    """Raise :class:`SessionError` if a session cannot start in a folder."""
    if not os.path.isdir(folder):  # noqa: PTH112 - is_dir() raises below a closed folder
        raise SessionError(f"There is no folder {folder} for the session to start in.")
    if not os.access(folder, os.X_OK):
        raise SessionError(f"The folder {folder} is closed to you: start the session elsewhere.")


def private(folder: Path) -> Path:
    """The folder, made if it is missing. Raises :class:`SessionError` if it may be another's."""
    try:
        make_folder(folder)
        link, found = folder.lstat(), folder.stat()
    except OSError as error:
        raise SessionError(
            f"The folder {folder} cannot be made ({error.strerror}): check its permissions, or "
            "point XDG_RUNTIME_DIR, XDG_STATE_HOME and XDG_CACHE_HOME at folders of yours."
        ) from None
    if {link.st_uid, found.st_uid} != {os.getuid()}:
        # In a shared temporary directory anybody may have made it first, or a link in its place.
        raise SessionError(
            f"The folder {folder} belongs to another user: remove it, or set XDG_RUNTIME_DIR to a "
            "folder of yours."
        )
    if found.st_mode & stat.S_IWOTH:
        raise SessionError(
            f"Every user may write to the folder {folder}, and may have put something into it: see "
            f"what it holds, then take their rights away with chmod 700 {folder}."
        )
    if found.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def _user_folder(kind: str) -> Path:
    """vivo's folder for the user's ``cache``, ``data`` or ``state``.

    The XDG Base Directory Specification, where that is the system's; platformdirs knows the others,
    and what holds where the variables say nothing of use.
    """
    if sys.platform == "linux" and not hasattr(sys, "getandroidapilevel"):
        told, home = os.environ.get(f"XDG_{kind.upper()}_HOME", ""), os.environ.get("HOME", "")
        if Path(told).is_absolute():
            return Path(told, "vivo")
        if Path(home).is_absolute():
            return Path(home, *_BELOW_HOME[kind], "vivo")
    import platformdirs

    return Path(getattr(platformdirs, f"user_{kind}_dir")("vivo", appauthor=False))


def _check_way(base: Path) -> None:
    """Raise :class:`SessionError` if another user could swap a folder on the way (rule 3)."""
    trusted = {0, os.getuid(), *_unnamed_users()}
    for start in {Path(os.path.abspath(base)), base.resolve()}:  # noqa: PTH100 - its links as well
        for folder in (start, *start.parents):
            found = folder.lstat()
            if found.st_uid not in trusted:
                raise SessionError(
                    f"The folder {folder} belongs to another user (uid {found.st_uid}), who could "
                    "take the session's place: set XDG_RUNTIME_DIR to a folder of yours."
                )
            is_open = found.st_mode & stat.S_IWOTH or (
                found.st_mode & stat.S_IWGRP and found.st_gid not in (0, os.getegid())
            )
            if is_open and stat.S_ISDIR(found.st_mode) and not found.st_mode & stat.S_ISVTX:
                raise SessionError(
                    f"Other users may write to the folder {folder}, and could take the session's "
                    "place: set XDG_RUNTIME_DIR to a folder that only you can write to."
                )


def _unnamed_users() -> set[int]:
    """Who owns what belongs to nobody here: in a user namespace, as containers are, also root."""
    try:
        first = Path("/proc/self/uid_map").read_text().split()[:3]
        if first == ["0", "0", "4294967295"]:
            return set()
        return {int(Path("/proc/sys/kernel/overflowuid").read_text())}
    except (OSError, ValueError):
        return set()  # no Linux


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only the user can read, whole or not at all."""
    with private_file(path) as stream:
        stream.write(data)


@contextlib.contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A file that only the user can read, to be written; there at the end, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    descriptor = open_file(temporary, os.O_WRONLY | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
