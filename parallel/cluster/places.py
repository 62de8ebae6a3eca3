"""Where a cluster's entry is, and vivo's own Python: what a client needs to begin with.

Entries are written by the controller (:mod:`vivo.parallel.controller.files`); each is a file that
is its user's alone, and has the key.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..engine import helpers
from ..processes import process_started, this_host
from .errors import ClusterError

_LONGEST = 50  # as vivo.parallel.directories has it


def controller_python() -> str:
    """The interpreter that has vivo installed: in a session it is the keeper's, else this one."""
    return helpers.own_python() or sys.executable


def has_ended(entry: dict[str, Any]) -> str | None:
    """How a cluster has ended: ``stopped``, or ``killed``, and may be taken up again; or None."""
    path = Path(entry["file"])
    if not path.exists():
        return "stopped"
    try:
        now = read_entry(path)
    except ClusterError:
        return None  # asking it will tell
    if now.get("id") != entry.get("id"):
        return "stopped"  # another has its name by now
    host, boot, _ = this_host()
    is_here = now.get("host") == host and now.get("boot") == boot
    pid = now.get("pid")
    if not isinstance(pid, int) or now.get("host") != host:
        return None
    return None if is_here and process_started(pid) == now.get("started") else "killed"


def clusters_folder() -> Path:
    """Where the entries are."""
    told = os.environ.get("XDG_RUNTIME_DIR")
    if told and Path(told).is_dir() and len(told) < _LONGEST:
        return Path(told) / "vivo" / "clusters"
    return Path(tempfile.gettempdir()) / f"vivo-{os.getuid()}" / "clusters"


def entry_of(name: str | None) -> dict[str, Any]:
    """The entry of a cluster that runs; of the only one, if none is named.

    Raises :class:`ClusterError` with what there is instead.
    """
    entries = {entry["name"]: entry for entry in all_entries()}
    if name is None:
        live = [each for each, entry in entries.items() if has_ended(entry) is None]
        if len(live) != 1:
            there = f"Several clusters run ({', '.join(live)}): name one."
            none = "No cluster runs: `vivo cluster start -n 4` starts one, as Cluster(n=4) does."
            raise ClusterError(there if live else none)
        return entries[live[0]]
    if name not in entries:
        there = ", ".join(entries) or "none"
        raise ClusterError(f"There is no cluster {name}; there are: {there}.")
    if has_ended(entries[name]) is not None:
        raise ClusterError(
            f"The controller of the cluster {name} has ended: `vivo cluster resume {name}` takes "
            "it up again, with its engines and its tasks."
        )
    return entries[name]


def all_entries() -> list[dict[str, Any]]:
    """The entries of this user's clusters, also of those that have ended; oldest first."""
    found = []
    for path in clusters_folder().glob("*.json"):
        try:
            found.append(read_entry(path))
        except ClusterError:
            continue  # it ended while we looked, or is none
    return sorted(found, key=lambda entry: float(entry.get("created") or 0.0))


def read_entry(path: Path) -> dict[str, Any]:
    """An entry, with its own path as ``file``. Raises :class:`ClusterError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(descriptor)
            text = stream.read(2**20)
    except OSError as error:
        raise ClusterError(
            f"The cluster's entry {path} cannot be read: {error.strerror}."
        ) from None
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ClusterError(f"{path} is not a file of this user's alone: its key is not to be used.")
    try:
        entry = json.loads(text)
        wanted = ("name", "clients", "key", "state")
        if not all(isinstance(entry.get(each), str) for each in wanted):
            raise ValueError
    except (ValueError, AttributeError):
        raise ClusterError(f"{path} is no entry of a cluster.") from None
    return {**entry, "file": str(path)}
