"""The web servers of this user that run here: each in a private file, removed at its end.

A process id counts with the process's start, as in the registry of sessions.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ...core.private_files import may_be_anothers, read_small
from ...parallel.directories import web_folder, write_private
from ...parallel.processes import boot_id, process_started

_log = logging.getLogger(__name__)


class WebEntry(msgspec.Struct, kw_only=True, frozen=True):
    """A web server that runs."""

    pid: int
    started: float | None
    """The process's start, as :func:`process_started` gives it."""
    boot: str
    address: str
    """What a link begins with."""
    port: int
    is_loopback: bool
    """Whether only this machine reaches it."""
    created: float


@contextlib.contextmanager
def entered(address: str, port: int, *, is_loopback: bool) -> Iterator[None]:
    """Be among them meanwhile."""
    pid = os.getpid()
    entry = WebEntry(
        pid=pid,
        started=process_started(pid),
        boot=boot_id(),
        address=address,
        port=port,
        is_loopback=is_loopback,
        created=time.time(),
    )
    path = web_folder() / f"{pid}-{port}.json"
    write_private(path, msgspec.json.encode(entry))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def page_that_leads_to(link: str) -> Iterator[Path]:
    """A private file that leads a browser to a link: every user sees a program's command line."""
    path = web_folder() / f"{os.getpid()}-open.html"
    # The link is of our own making: nothing in it needs quoting.
    write_private(path, f'<meta http-equiv="refresh" content="0; url={link}">'.encode())
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def running() -> list[WebEntry]:
    """Those that run: what others can reach first, then the newest first."""
    found = []
    for path in web_folder().glob("*.json"):
        entry = _read(path)
        if entry is None:
            continue
        if entry.boot == boot_id() and process_started(entry.pid) == entry.started:
            found.append(entry)
        else:
            path.unlink(missing_ok=True)  # it was killed
    return sorted(found, key=lambda entry: (entry.is_loopback, -entry.created))


def _read(path: Path) -> WebEntry | None:
    try:
        if may_be_anothers(path):
            raise ValueError("another user may have written it")
        return msgspec.json.decode(read_small(path), type=WebEntry)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        _log.warning("The web server's entry %s is passed over: %s", path, error)
        return None
