"""Dask's arrays and dataframes of what engines hold in parts, and back into their namespaces.

Loaded when a view is asked for one. The parts stay where they are, in the workers that the engines
are guests in: what comes here is what they are, not what they hold. Rules:

1. ``dask`` and ``distributed`` are the user's: they are imported here, and nowhere else on the
   user's side.
2. The client is the one that the user has for this scheduler; where there is none, one is made, is
   the default, and is closed with the cluster.
3. A namespace is read and written between cells, as by a call.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.errors import UsageError
from . import parts

if TYPE_CHECKING:
    from .views import DirectView

_clients: dict[str, Any] = {}


def client_of(scheduler: str, tls: str, **options: Any) -> Any:
    """A new client of a scheduler; ``tls`` is the folder of its certificate, if it has one."""
    security = importlib.import_module("vivo.parallel.engine.dask_process").security_of(tls)
    return _imported("distributed").Client(scheduler, security=security, **options)


def offer(token: str, name: str) -> Any:
    """In an engine: let Dask have a value of the namespace; what it is."""
    return _place().offer(token, name)


def receive(token: str, name: str) -> None:
    """In an engine: take what Dask has brought into the namespace."""
    _place().receive(token, name)


def _place() -> Any:
    return importlib.import_module("vivo.parallel.engine.dask_worker").place


def to_array(view: DirectView, name: str) -> Any:
    """The array whose blocks, along its first axis, are the engines' arrays of a name."""
    client, workers = _dask_of(view)
    da, dask = _imported("dask.array"), _imported("dask")
    token, told = _offered(view, name)
    if any(not isinstance(each, tuple) or not each[0] or each[1] is None for each in told):
        raise UsageError(f"{name} is not an array of one dimension or more on each engine.")
    blocks = [
        da.from_delayed(dask.delayed(future), shape=shape, dtype=dtype)
        for future, (shape, dtype) in zip(_taken(client, token, workers), told, strict=True)
    ]
    return da.concatenate(blocks, axis=0)


def to_dataframe(view: DirectView, name: str) -> Any:
    """The dataframe, or series, whose partitions are the engines' of a name."""
    client, workers = _dask_of(view)
    dd = _imported("dask.dataframe")
    token, told = _offered(view, name)
    if any(isinstance(each, tuple) for each in told):
        raise UsageError(f"{name} is not a dataframe or a series on each engine.")
    return dd.from_delayed(_taken(client, token, workers), meta=told[0], verify_meta=False)


def from_dask(view: DirectView, name: str, collection: Any) -> None:
    """Give each engine consecutive partitions of a collection, joined, under a name."""
    if not isinstance(name, str) or not name.isidentifier():
        raise UsageError(f"{name!r} is no name: from_dask('x', collection).")
    if not hasattr(collection, "to_delayed"):
        raise UsageError(
            f"from_dask takes an array, a dataframe or a bag of Dask's: this is a "
            f"{type(collection).__name__}."
        )
    client, workers = _dask_of(view)
    if len(getattr(collection, "numblocks", ())) > 1:
        collection = collection.rechunk(dict.fromkeys(range(1, collection.ndim), -1))
    delayed = collection.to_delayed()
    futures = client.compute(list(delayed.ravel() if hasattr(delayed, "ravel") else delayed))
    token = os.urandom(16).hex()
    put, placed = _putter(), []
    for worker, (start, end) in zip(workers, parts.bounds(len(futures), len(workers)), strict=True):
        own, is_empty = futures[start:end] or futures[:1], start == end
        placed.append(
            client.submit(put, token, own, is_empty, workers=[worker], pure=False, key=_key(token))
        )
    client.gather(placed)
    view.apply(receive, token, name)


def let_go(cluster: str) -> None:
    """Close the client that was made here for a cluster."""
    client = _clients.pop(cluster, None)
    if client is not None:
        client.close()


# --- Beneath -------------------------------------------------------------------------------


def _dask_of(view: DirectView) -> tuple[Any, list[str]]:
    """A client of the scheduler, and the workers of a view's engines.

    Raises :class:`UsageError` where the engines are no guests of Dask's.
    """
    tell: Callable[[], dict[str, Any]] | None = view._links[0].dask
    told = tell() if tell is not None else {}
    if not told.get("scheduler"):
        raise UsageError(
            "These engines are not in Dask's workers: a cluster that has such is started by "
            "Cluster('dask', n=4), or Cluster('dask', address=…)."
        )
    workers = told["workers"]
    missing = [each for each in view.engines if str(each) not in workers]
    if missing:
        raise UsageError(f"Dask has no worker of engine {', '.join(map(str, missing))} any more.")
    client = _client(told["scheduler"], told["cluster"], told["tls"])
    return client, [workers[str(each)] for each in view.engines]


def _client(scheduler: str, cluster: str, tls: str) -> Any:
    distributed = _imported("distributed")
    try:
        known = distributed.default_client()
    except ValueError:
        known = None
    if known is not None and known.scheduler is not None and known.status == "running":
        if known.scheduler.address == scheduler:
            return known
        raise UsageError(
            f"The session's Dask client is one of {known.scheduler.address}: close it, or make one "
            f"of this cluster's scheduler, distributed.Client({scheduler!r})."
        )
    made = _clients[cluster] = client_of(scheduler, tls, set_as_default=True)
    return made


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"This needs Dask in the session's environment ({error}): "
            "pip install distributed 'dask[array,dataframe]'."
        ) from None


def _offered(view: DirectView, name: str) -> tuple[str, list[Any]]:
    token = os.urandom(16).hex()
    result = view.aapply(offer, token, name).get()
    return token, [result] if view.is_single else result


def _taken(client: Any, token: str, workers: list[str]) -> list[Any]:
    """Dask's futures of what engines have offered: each stays in its worker."""
    take = _taker()
    return [
        client.submit(take, token, workers=[worker], pure=False, key=_key(token))
        for worker in workers
    ]


def _key(token: str) -> str:
    return f"vivo-part-{token[:8]}{os.urandom(8).hex()}"


# What runs in workers outside of engines travels by value: their Python need not have vivo.


def _taker() -> Callable[[str], Any]:
    def take(token: str) -> Any:
        import sys

        return sys.modules["vivo.parallel.engine.dask_worker"].place.take(token)

    return take


def _putter() -> Callable[[str, list[Any], bool], None]:
    def put(token: str, own: list[Any], is_empty: bool) -> None:
        import sys

        if is_empty:
            own = [own[0].iloc[:0] if hasattr(own[0], "iloc") else own[0][:0]]
        sys.modules["vivo.parallel.engine.dask_worker"].place.parts[token] = own

    return put
