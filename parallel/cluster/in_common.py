"""Arrays that the engines of a host have in common: ``view.push({"a": array}, shared=True)``.

Theory of operation: the first engine of each host gets the values as always, and puts the memory of
their arrays into shared files; the others map those. Then the files' names are removed: the memory
is there as long as any engine has it. What has no memory of its own (numbers, lists) each engine
has for itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from ...core.errors import UsageError
from .. import sharing
from .engine_link import EngineLink
from .loop import Loop
from .pickling import dumps, dumps_function, loads
from .results import AsyncResult

Told = tuple[bytes, int, list[sharing.Shared]]
"""The values pickled, how many buffers they have, and the files of these."""


def share_in_common(loop: Loop, links: Sequence[EngineLink], values: dict[str, Any]) -> None:
    """Set names on engines, with the memory of arrays in common within each host."""
    groups: dict[str, list[EngineLink]] = {}
    for each in links:
        groups.setdefault(each.host, []).append(each)
    first = [group[0] for group in groups.values()]
    told: list[Told] = _called(loop, first, create, [(values, link.session) for link in first])
    try:
        others = [(link, each) for group, each in zip(groups.values(), told, strict=True)
                  for link in group[1:]]  # fmt: skip
        _called(loop, [link for link, _ in others], attach, [each for _, each in others])
    finally:
        _called(loop, first, drop, [(each[2],) for each in told])


def _called(loop: Loop, links: Sequence[EngineLink], function: Any, given: Sequence[Any]) -> Any:
    """The values of a function on engines, with arguments for each."""
    if not links:
        return []
    digest, pickled = dumps_function(function)
    calls = [
        link.calls.prepare(digest, pickled, dumps((each, {})), is_waited_for=True, post=loop.call)
        for link, each in zip(links, given, strict=True)
    ]
    for link, call in zip(links, calls, strict=True):
        loop.call(link.call, call)

    def cancel() -> None:
        for link, call in zip(links, calls, strict=True):
            loop.call(link.interrupt_soon, call)

    numbers = [each.number for each in links]
    return AsyncResult([each.done for each in calls], numbers, cancel, what="push").get()


# --- On the engines ------------------------------------------------------------------------


def create(values: dict[str, Any], owner: str) -> Told:
    """Put the memory of values into files, and have them from there."""
    data, *buffers = dumps(values)
    left, shared = sharing.share(buffers, owner, smallest=1)
    if any(len(each) for each in left):
        sharing.drop(shared)
        raise UsageError("This host has no room for shared memory: push without shared=True.")
    told = bytes(data), len(left), shared
    attach(*told)
    return told


def attach(data: bytes, count: int, shared: list[sharing.Shared]) -> None:
    """Set names to values whose memory is in files."""
    taken = sharing.take([b""] * count, shared, keep=True, in_common=True)
    sys.modules["__main__"].__dict__.update(loads([data, *taken]))


def drop(shared: list[sharing.Shared]) -> None:
    """Remove the files' names: whoever has mapped them keeps them."""
    sharing.drop(shared)
