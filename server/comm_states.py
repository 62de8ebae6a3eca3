"""The comms of a session as a front end knows them, folded from its events. Pure.

A widget is a comm whose messages change its state; whoever comes late is told the state, not the
story. The protocol is that of ipywidgets 8 ("Model state" in its messaging specification). Rules:

1. What is known partly (its opening was missed) is never told; the kernel is asked for all of it.
2. A message that answers none of ours changes the state as the front ends' own do: the last wins.
3. It is bounded in comms and in bytes; the oldest are forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import attrs

from .bounded import size_of

WIDGETS = "jupyter.widget"
MAXIMUM_COMMS = 20_000
MAXIMUM_BYTES = 128 * 2**20

Path = tuple[str | int, ...]


@attrs.define
class CommState:
    """One comm."""

    target: str
    metadata: dict[str, Any]
    state: dict[str, Any]
    buffers: dict[Path, bytes]
    """What of the state is binary, by its path; it is not in ``state``."""
    rest: dict[str, Any]
    """What it was opened with beside a state: of comms that are no widgets, all."""
    is_whole: bool = True
    size: int = 0

    @property
    def data(self) -> dict[str, Any]:
        """What a message that opens it says."""
        if self.target != WIDGETS:
            return self.rest
        paths = [list(path) for path in self.buffers]
        return {**self.rest, "state": dict(self.state), "buffer_paths": paths}


class CommStates:
    """The open comms of a session, the oldest first."""

    def __init__(self, comms: int = MAXIMUM_COMMS, size: int = MAXIMUM_BYTES) -> None:
        self._comms, self._bytes = comms, size
        self._open: OrderedDict[str, CommState] = OrderedDict()
        self._size = 0

    def get(self, comm: str) -> CommState | None:
        """A comm, known partly or as a whole; None if it is not open."""
        return self._open.get(comm)

    def whole(self) -> dict[str, CommState]:
        """The comms that are known as a whole (rule 1)."""
        return {comm: known for comm, known in self._open.items() if known.is_whole}

    def opened(
        self,
        comm: str,
        target: str,
        data: dict[str, Any],
        metadata: dict[str, Any],
        buffers: Sequence[bytes] = (),
    ) -> None:
        """A comm was opened, or is told as a whole."""
        self.closed(comm)
        rest = {
            name: value for name, value in data.items() if name not in ("state", "buffer_paths")
        }
        known = self._open[comm] = CommState(target, metadata, {}, {}, rest)
        self._change(comm, known, data, buffers)

    def message(self, comm: str, data: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """A message of either side; what does not change a state is passed over."""
        if data.get("method") not in ("update", "echo_update"):
            return
        known = self._open.get(comm)
        if known is None:
            known = self._open[comm] = CommState(WIDGETS, {}, {}, {}, {}, is_whole=False)
        self._change(comm, known, data, buffers)

    def closed(self, comm: str) -> None:
        """A comm was closed."""
        known = self._open.pop(comm, None)
        if known is not None:
            self._size -= known.size

    def clear(self) -> None:
        """The engine is gone, and its comms with it."""
        self._open.clear()
        self._size = 0

    def _change(
        self, comm: str, known: CommState, data: dict[str, Any], buffers: Sequence[bytes]
    ) -> None:
        state, paths = data.get("state"), data.get("buffer_paths")
        if isinstance(state, dict):
            told = {tuple(path): raw for path, raw in zip(paths or (), buffers, strict=False)}
            changed = {*state, *(path[0] for path in told if path)}
            kept = {path: raw for path, raw in known.buffers.items() if path[0] not in changed}
            known.buffers = {**kept, **{path: bytes(raw) for path, raw in told.items() if path}}
            for name in changed - state.keys():
                known.state.pop(name, None)
            known.state.update(state)
        self.measure(comm)
        while len(self._open) > 1 and (len(self._open) > self._comms or self._size > self._bytes):
            self.closed(next(iter(self._open)))

    def measure(self, comm: str) -> None:
        """Count anew what a comm holds."""
        known = self._open[comm]
        size = size_of(known.state) + sum(map(len, known.buffers.values())) + size_of(known.rest)
        self._size += size - known.size
        known.size = size


def states_of(data: dict[str, Any], buffers: Sequence[bytes]) -> dict[str, tuple[Any, list[bytes]]]:
    """The widgets of an answer to ``request_states``: by comm, its opening data and its buffers."""
    found: dict[str, tuple[Any, list[bytes]]] = {}
    for comm, told in (data.get("states") or {}).items():
        found[comm] = ({"state": dict(told.get("state") or {}), "buffer_paths": []}, [])
    for (comm, *path), raw in zip(data.get("buffer_paths") or (), buffers, strict=False):
        if comm in found:
            found[comm][0]["buffer_paths"].append(path)
            found[comm][1].append(raw)
    return found
