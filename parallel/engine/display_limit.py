"""What a cell displays and sends to its widgets, bounded: the first so many bytes go out at once.

Rules:

1. What does not fit is not sent: :mod:`.last_state` holds the last of it, and files have the rest.
2. Nothing is sent to the keeper that it would have to hold: this is decided where the data is.
3. Within the limit a display costs a sum, and nothing else is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .beyond import Beyond
    from .output import Output

_BESIDE = 600  # bytes that a display costs beside its data
_NUMBER = 8  # bytes that what is no text counts for
_MOST_RUNS = 1000  # that have not said that they ended: messages of comms, threads of old cells


class DisplayLimit:
    """The bound of each run. ``limit``: bytes; ``folder``: where the folders of files are made;
    ``is_open``: whether a run goes on."""

    def __init__(
        self, folder: str, limit: int, output: Output, is_open: Callable[[str | None], bool]
    ) -> None:
        self._folder, self._limit = folder, limit
        self._output, self._is_open = output, is_open
        self._shown: dict[str | None, int] = {}
        self._sent: dict[str | None, int] = {}
        self._beyond: Beyond | None = None

    def display(self, header: dict[str, Any]) -> bool:
        """Whether a display, an update, a value or an error is to be sent now; else it is cared
        for."""
        run, before = header["run"], self._shown.get(header["run"], 0)
        size = _BESIDE
        for each in header.get("data", header).values():
            size += len(each) if type(each) is str else size_of(each)
        if before + size > self._limit and not self._output.is_forked:
            self._rest.display(header, size, before)
            return False
        self._count(self._shown, run, before + size)
        if (rest := self._known) is not None:
            rest.superseded(header)
        return True

    def message(self, header: dict[str, Any], buffers: tuple[bytes, ...]) -> bool:
        """Whether a comm's message is to be sent now; else it is cared for."""
        run, kind = header["run"], header["kind"]
        size = _BESIDE + size_of(header["content"]) + sum(map(len, buffers))
        sent = self._sent.get(run, 0) + size
        self._count(self._sent, run, sent)
        if kind == "comm_close" and (rest := self._known) is not None:
            rest.closed(header["content"]["comm_id"])
        # An opening is never held: what is displayed needs it, and the cell's program has it too.
        if kind != "comm_msg" or sent <= self._limit or self._output.is_forked:
            return True
        self._rest.message(header, buffers, size, sent - size)
        return False

    def cleared(self, run: str | None) -> None:
        """A run clears what it has shown."""
        if (rest := self._known) is not None:
            rest.cleared(run)

    def ended(self, run: str | None) -> None:
        """A run ends: what is held of it is shown, and what was left out is said."""
        self._shown.pop(run, None)
        self._sent.pop(run, None)
        if (rest := self._known) is not None:
            rest.ended(run)

    def _count(self, sizes: dict[str | None, int], run: str | None, size: int) -> None:
        sizes[run] = size
        if len(sizes) > _MOST_RUNS:
            for old in list(sizes)[: _MOST_RUNS // 2]:
                if not self._is_open(old):
                    del sizes[old]

    @property
    def _known(self) -> Beyond | None:
        """What is held; nothing in a forked child, whose parent has it."""
        return None if self._output.is_forked else self._beyond

    @property
    def _rest(self) -> Beyond:
        if self._beyond is None:
            from .beyond import Beyond  # few cells need it

            self._beyond = Beyond(self._folder, self._limit, self._output, self._is_open)
        return self._beyond


def size_of(data: Any) -> int:
    """About how many bytes plain data takes."""
    if isinstance(data, str):
        return len(data)
    if isinstance(data, dict):
        return sum(size_of(key) + size_of(value) for key, value in data.items())
    if isinstance(data, (list, tuple)):
        return sum(map(size_of, data))
    return _NUMBER
