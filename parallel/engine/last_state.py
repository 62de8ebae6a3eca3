"""What a cell shows beyond its limit: the last of it is held. Pure, but for its files.

Rules:

1. A display that is held has a file until it is shown: an engine that is killed loses none.
2. Of updates of one display, and of messages to one widget, one is held; states are put together.
3. What a cell clears before it was shown is let go of.
4. Updates, messages, and displays after a clearing are shown while the cell goes on, at the pace of
   :mod:`vivo.parallel.pacing`; other displays at its end, the last ones that fit.
5. What was left out is said in the cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..pacing import Pace
from .display_files import DisplayFiles
from .display_limit import size_of

_TAIL_PART = 16  # a sixteenth of the limit: the displays that are held together
_LARGEST_PART = 4  # a quarter: a display that is held by itself

Key = tuple[str, ...]


class Held:
    """An event that is held. (No dataclass: an engine need not load what makes those.)"""

    def __init__(
        self, header: dict[str, Any], buffers: tuple[bytes, ...], size: int, path: str = ""
    ) -> None:
        self.header, self.buffers, self.size, self.path = header, buffers, size, path


class LastState:
    """What is held of one run. ``limit``: bytes."""

    def __init__(self, parent: str, limit: int) -> None:
        self._limit = limit
        self.files = DisplayFiles(parent)
        self.pace = Pace(limit)
        self.held: dict[Key, Held] = {}
        self.left_out = 0
        """Displays that have a file and are not shown."""
        self.skipped = 0
        """Displays, updates and messages in whose place later ones came."""
        self.is_redrawn = False
        """Whether the cell has cleared its output: then what is held is all there is to see."""
        self.said: set[str] = set()
        self._count = 0

    def display(self, header: dict[str, Any], size: int) -> None:
        """Hold a display, an update, a value or an error."""
        display_id = header.get("display_id")
        if header["type"] == "error":
            data = {"text/plain": "\n".join(header["traceback"])}
        else:
            data = header["data"]
        path = self.files.write(data, display_id)
        if header["type"] == "update":
            key: Key = ("update", str(display_id))
        else:
            self._count += 1
            key = ("display", str(self._count))
        if self.held.pop(key, None) is not None:
            self.skipped += 1
        if size > self._limit // _LARGEST_PART:
            self.left_out += 1
            return
        self.held[key] = Held(header, (), size, path)
        self._let_go_of_old(size)

    def _let_go_of_old(self, size: int) -> None:
        kept = [(key, each.size) for key, each in self.held.items() if key[0] != "comm"]
        over = sum(each for _, each in kept) - max(self._limit // _TAIL_PART, size)
        for key, each in kept[:-1]:
            if over <= 0:
                return
            del self.held[key]  # its file stays
            self.left_out += 1
            over -= each

    def message(self, header: dict[str, Any], buffers: tuple[bytes, ...], size: int) -> None:
        """Hold a message to a widget (rule 2)."""
        content = header["content"]
        data = content.get("data")
        method = str(data.get("method")) if isinstance(data, dict) else ""
        key = ("comm", content["comm_id"], method)
        old = self.held.pop(key, None)
        if old is not None:
            self.skipped += 1
            if _has_state(old.header) and _has_state(header):
                header, buffers = _merged(old, header, buffers)
                size = size_of(header["content"]) + sum(map(len, buffers))
        self.held[key] = Held(header, buffers, size)

    def superseded(self, display_id: str) -> None:
        """A newer update of a display has been shown."""
        old = self.held.pop(("update", display_id), None)
        if old is not None:
            self.skipped += 1
            self.files.remove(old.path)

    def closed(self, comm: str) -> None:
        """A comm is closed: nobody waits for its messages."""
        for key in [each for each in self.held if each[:2] == ("comm", comm)]:
            del self.held[key]
            self.skipped += 1

    def cleared(self) -> None:
        """The cell has cleared its output (rule 3)."""
        self.is_redrawn = True
        for key in [each for each in self.held if each[0] == "display"]:
            self.files.remove(self.held.pop(key).path)
            self.skipped += 1

    def shown_now(self, *, is_open: bool) -> list[Key]:
        """What is shown while the cell goes on; all of it where the cell is over (rule 4)."""
        every = self.is_redrawn or not is_open
        return [key for key in self.held if every or key[0] != "display"]

    def take(self, keys: list[Key]) -> Iterator[Held]:
        """What is held, to be sent: a file goes once its display has been sent."""
        for key in keys:
            each = self.held.pop(key)
            yield each
            self.files.remove(each.path)

    def summary(self) -> Iterator[str]:
        """What is to be said at the end (rule 5)."""
        if self.left_out:
            yield (
                f"[vivo: {self.left_out:,} displays of this cell are not shown; "
                f"{self.files.where}]\n"
            )
        if self.skipped:
            yield (
                f"[vivo: {self.skipped:,} displays, updates and messages to widgets of this cell "
                "are left out: later ones took their place]\n"
            )


def _has_state(header: dict[str, Any]) -> bool:
    data = header["content"].get("data")
    return isinstance(data, dict) and isinstance(data.get("state"), dict)


def _merged(
    old: Held, header: dict[str, Any], buffers: tuple[bytes, ...]
) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """Two states of a widget in one message: of each value the newer (ipywidgets' protocol)."""
    before, data = old.header["content"]["data"], header["content"]["data"]
    paths = data.get("buffer_paths") or []
    names = {*data["state"], *(path[0] for path in paths)}  # a buffer's name is not in the state
    kept = [
        (path, buffer)
        for path, buffer in zip(before.get("buffer_paths") or (), old.buffers, strict=False)
        if path[0] not in names
    ]
    merged = {
        **data,
        "state": {key: value for key, value in before["state"].items() if key not in names}
        | data["state"],
        "buffer_paths": [*(path for path, _ in kept), *paths],
    }
    content = {**header["content"], "data": merged}
    return {**header, "content": content}, (*(buffer for _, buffer in kept), *buffers)
