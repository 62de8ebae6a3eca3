"""The cluster that this process has used last: what ``%px`` means when it names none."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cluster import Cluster

_last: weakref.ref[Cluster] | None = None


def set_cluster(cluster: Cluster) -> None:
    """A cluster was started or found."""
    global _last  # noqa: PLW0603 - one a process is the point
    _last = weakref.ref(cluster)


def get_cluster() -> Cluster | None:
    """The last one, unless it was stopped, let go of or forgotten."""
    cluster = _last() if _last is not None else None
    return cluster if cluster is not None and not cluster.is_closed else None
