"""Where a cluster keeps its files, and the registry of clusters.

``$XDG_RUNTIME_DIR/vivo/clusters/NAME.json`` (0600) tells how to reach a cluster's controller and
has its key; it is plain JSON, since clients read it with the standard library alone. The task log
is in ``$XDG_STATE_HOME/vivo/clusters/ID/``. Rules:

1. A process id alone proves nothing: it counts with the process's start and the machine's boot.
2. A name belongs to one cluster at a time; that of a cluster whose controller is gone may be taken
   up again, with its engines and its tasks.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from ...core.private_files import read_small
from .. import tls
from ..directories import MAXIMUM_SOCKET_PATH, private, runtime_folder, write_private
from ..errors import SessionError
from ..processes import process_started, this_host

_log = logging.getLogger(__name__)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,30}")


class ClusterEntry(msgspec.Struct, kw_only=True):
    """What the registry tells of a cluster."""

    id: str
    name: str
    host: str
    boot: str
    pid: int
    """The controller's process."""
    started: float
    """Its start, as :func:`~vivo.parallel.processes.process_started` gives it."""
    created: float
    """Seconds since the epoch."""
    clients: str
    """The address for clients."""
    engines: str
    """The address for engines."""
    key: str
    launcher: str
    python: str
    """The interpreter of the engines."""
    cwd: str
    state: str
    """The folder of the task log."""
    owner_pid: int = 0
    """The process that the cluster ends with; 0 for none."""
    owner_started: float = 0.0
    restarts: bool = False
    """Whether an engine that dies gets a fresh process."""
    policy: str = "ahead"
    """The name of what decides how far engines work ahead."""
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    """What the launcher was told."""
    reach: str = ""
    """What engines connect to instead of :attr:`engines`: a tunnel's address, a proxy's."""


def clusters_folder() -> Path:
    """One file for each cluster, and one folder for the sockets of each."""
    return private(runtime_folder() / "clusters")


def state_folder(cluster: str) -> Path:
    """Where the tasks of a cluster are kept, by its id."""
    base = Path(platformdirs.user_state_dir("vivo", appauthor=False)) / "clusters"
    return private(base / cluster)


def addresses(
    name: str, listen: str = "", engines: str = "", certificate: str = ""
) -> tuple[str, str]:
    """The addresses for clients and engines: Unix sockets; or free ports of ``listen``, an address
    of this machine, for both, or of ``engines`` for engines alone; encrypted with the file of a
    ``certificate``. Raises :class:`SessionError`.
    """
    if listen:
        return _port_of(listen, certificate), _port_of(listen, certificate)
    folder = private(clusters_folder() / name)
    if len(str(folder / "e").encode()) > MAXIMUM_SOCKET_PATH:
        raise SessionError(
            f"The path {folder} is too long for a Unix socket: set XDG_RUNTIME_DIR to a shorter "
            "one, or give the cluster a shorter name."
        )
    served = _port_of(engines, certificate) if engines else f"ipc://{folder / 'e'}"
    return f"ipc://{folder / 'c'}", served


def inside_of(name: str, socket: str) -> Path:
    """The Unix socket behind an encrypted address of a cluster."""
    return private(clusters_folder() / name) / socket


def is_loopback(address: str) -> bool:
    """Whether an address is this host's own, which no other reaches."""
    return address.startswith("127.") or address in ("::1", "localhost")


def wants_encryption(address: str, told: bool | None) -> bool:
    """Whether what is served at an address is encrypted: as told, or if others can reach it."""
    return not is_loopback(address) if told is None else told


def reached(address: str, certificate: str) -> str:
    """What engines connect to if something lies between: ``tcp://HOST:PORT``, or ``tls://``; what
    goes through it is encrypted if the cluster is. Raises :class:`SessionError`.
    """
    scheme, _, rest = address.partition("://")
    if scheme not in ("tcp", "tls"):
        return address
    if scheme == "tls" and not certificate:
        raise SessionError(
            f"Engines cannot come to {address}: the cluster is not encrypted. Start it with "
            "encrypt=True (--encrypt), or name tcp:// there."
        )
    host, _, port = rest.partition("#")[0].rpartition(":")
    if not host or not port.isdecimal():
        raise SessionError(f"{address!r} is no address for engines: give tcp://HOST:PORT.")
    return tls.joined(host.strip("[]"), int(port), certificate) if certificate else address


def _port_of(address: str, certificate: str) -> str:
    if certificate:
        return tls.joined(address, 0, certificate)
    return f"tcp://[{address}]:*" if ":" in address else f"tcp://{address}:*"


def check_name(name: str) -> None:
    """Raise :class:`SessionError` for what cannot be a cluster's name."""
    if not _NAME.fullmatch(name):
        raise SessionError(
            f"A cluster cannot be named {name!r}: use up to 31 letters, digits, '-', '_' and '.'."
        )


def path_of(name: str) -> Path:
    """The file of a cluster's entry."""
    return clusters_folder() / f"{name}.json"


def is_live(entry: ClusterEntry) -> bool:
    """Whether a cluster's controller runs on this machine."""
    host, boot, _ = this_host()
    is_here = entry.host == host and entry.boot == boot
    return is_here and process_started(entry.pid) == entry.started


def find(name: str) -> ClusterEntry | None:
    """The cluster of a name, also one whose controller is gone."""
    try:
        entry = msgspec.json.decode(read_small(path_of(name)), type=ClusterEntry)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        _log.warning("The entry of the cluster %s is passed over: %s", name, error)
        return None
    return entry if entry.name == name else None


def enter(entry: ClusterEntry) -> None:
    """Write an entry, for this process."""
    host, boot, _ = this_host()
    entry.host, entry.boot, entry.pid = host, boot, os.getpid()
    entry.started = process_started(os.getpid()) or 0.0
    write_private(path_of(entry.name), msgspec.json.encode(entry))


def leave(entry: ClusterEntry) -> None:
    """Take an entry out, with its sockets and what engines were told."""
    for pattern in ("engines-*.json", "*.pem"):
        for each in Path(entry.state).glob(pattern):
            each.unlink(missing_ok=True)  # keys are in them
    path_of(entry.name).unlink(missing_ok=True)
    for end in ("c", "e"):
        (clusters_folder() / entry.name / end).unlink(missing_ok=True)  # behind encrypted ones
    for address in (entry.clients, entry.engines):
        if address.startswith("ipc://"):
            Path(address.removeprefix("ipc://")).unlink(missing_ok=True)
    folder = clusters_folder() / entry.name
    if folder.is_dir():
        try:
            folder.rmdir()
        except OSError as error:
            _log.warning("The folder of the cluster stays: %s", error)
