"""Variables between a session and engines, asked for by an editor: from process to process.

It runs in the session: values are pickled there and on the engines, and pass through nobody else.
"""

from __future__ import annotations

from typing import Any

from .cluster import Cluster
from .places import has_ended
from .px import cells


def push(cluster: str, engines: list[int] | None, **values: Any) -> None:
    """Set names on engines of a cluster, on all without ``engines``.

    Raises :class:`ClusterError`.
    """
    found = _found(cluster)
    view = found[:] if engines is None else found[engines]
    view.push(values)


def pull(cluster: str, engine: int, name: str) -> Any:
    """The value of a name on an engine. Raises what looking it up there raises."""
    return _found(cluster)[engine].pull(name)


def _found(name: str) -> Cluster:
    """The cluster of a name that runs now: another may have had it before."""
    found = cells.cluster(name)
    if has_ended(found._entry) == "stopped":
        found.close()
        found = cells.cluster(name)
    return found
