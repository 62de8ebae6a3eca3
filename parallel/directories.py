"""Where sessions keep their files. Every folder made here is the user's alone (0700)."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

import platformdirs

from .errors import SessionError

MAXIMUM_SOCKET_PATH = 100
"""Bytes that a Unix socket's path may have (108 on Linux, 104 elsewhere, less a name)."""


def runtime_folder() -> Path:
    """Registry entries and sockets: gone after a reboot, as what they name is."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir() and len(base) < MAXIMUM_SOCKET_PATH - 50:
        return private(Path(base) / "vivo")
    return private(Path(tempfile.gettempdir()) / f"vivo-{os.getuid()}")


def registry_folder() -> Path:
    """One file for each session."""
    return private(runtime_folder() / "sessions")


def socket_folder(session: str) -> Path:
    """The sockets of a session."""
    return private(runtime_folder() / session)


def journals_folder() -> Path:
    """The folder of all journals, made with the first."""
    return Path(platformdirs.user_state_dir("vivo", appauthor=False)) / "sessions"


def journal_folder(session: str) -> Path:
    """The journal of a session, and its log."""
    return private(journals_folder() / session)


def history_file() -> Path:
    """The history that all sessions share."""
    return Path(platformdirs.user_data_dir("vivo", appauthor=False)) / "history.sqlite"


def cache_folder(name: str) -> Path:
    """A folder for what can be made again."""
    return private(Path(platformdirs.user_cache_dir("vivo", appauthor=False)) / name)


def private(folder: Path) -> Path:
    """The folder, made if it is missing. Raises :class:`SessionError` if it is another user's."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owners = {folder.lstat().st_uid, folder.stat().st_uid}
    except OSError as error:
        raise SessionError(
            f"The folder {folder} cannot be made ({error.strerror}): check its permissions, or "
            "point XDG_RUNTIME_DIR, XDG_STATE_HOME and XDG_CACHE_HOME at folders of yours."
        ) from None
    if owners != {os.getuid()}:
        # In a shared temporary directory anybody may have made it first, or a link in its place.
        raise SessionError(
            f"The folder {folder} belongs to another user: remove it, or set XDG_RUNTIME_DIR to a "
            "folder of yours."
        )
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only the user can read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
