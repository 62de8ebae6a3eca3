"""The shell over processes: wire, journal, keeper, engine, registry, client, clusters."""

from __future__ import annotations

TYPE_CHECKING = False  # a session's start waits for all that is loaded here
if TYPE_CHECKING:
    from typing import Any

    from .cluster.cluster import Cluster

__all__ = ["Cluster"]


def __getattr__(name: str) -> Any:
    """``Cluster``, loaded when it is asked for: a session's start has no use for it."""
    if name == "Cluster":
        from .cluster.cluster import Cluster

        return Cluster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
