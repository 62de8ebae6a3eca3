"""Which messages a peer has taken in already. Pure, its memory bounded.

Requests of vivo's own clients have ids that count: ``PREFIX-N``. For each prefix the highest number
is known, and which of those just below it came (the window of RFC 4303, section 3.4.3): what is
below the window is refused. Of other clients' messages the last signatures are remembered, and of
those that are forgotten how far they went: Jupyter's own clients count too (``SESSION_PID_N``), and
date what they send.

Rules:

1. A message of vivo's clients is taken in once, however much came since, as long as its client
   is among the last that were heard.
2. Messages of one client may overtake each other, on its several sockets, by less than the window.
3. A message of another maker is old if both its number and its date are. Either alone is no sign of
   it: a clock may be set back, and sessions that are cloned begin to count anew under one name.
4. A keeper that takes over knows of each client how far its cells went. The :data:`MARGIN` numbers
   before that may still be on their way, on another socket.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

WINDOW = 4096
MARGIN = 64
_CLIENTS = 4096
_SIGNATURES = 32_768
"""In each of two generations. The older one goes as a whole: a table from whose front entries are
taken is copied again and again, megabytes each time."""
_PREFIX_LENGTH = 16
_LONGEST_NAME = 200
_SECONDS = len("2026-11-25T23:59:59")


Position = tuple[str, int, str]
"""Of a message of Jupyter's own clients: the client's name, its number, its date to the second."""


def position_of(header: dict[str, Any]) -> Position | None:
    """Where a message stands among its client's; None where its maker does not count."""
    name, _, number = str(header.get("msg_id")).rpartition("_")
    date = header.get("date")
    is_counted = name and number.isascii() and number.isdecimal() and len(number) < 20
    if not is_counted or len(name) > _LONGEST_NAME or not isinstance(date, str):
        return None
    return name, int(number), date[:_SECONDS]


def _is_counted(prefix: str, number: str) -> bool:
    return len(prefix) == _PREFIX_LENGTH and number.isascii() and number.isdecimal()


class Replays:
    """What has come on one connection.

    ``by_number``: it takes requests. Events are not counted: on their socket they may lag far
    behind the replies, and a client looks at their own numbers.
    """

    def __init__(self, *, by_number: bool) -> None:
        self._by_number = by_number
        self._windows: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._signatures: dict[bytes, Position | None] = {}
        self._older: dict[bytes, Position | None] = {}
        self._forgotten: OrderedDict[str, tuple[int, str]] = OrderedDict()
        """How far the messages went that are not remembered, by the maker's name for a client."""

    def resume(self, headers: Iterable[dict[str, Any]]) -> None:
        """Take over: the headers of the cells that were taken in before (rule 4)."""
        below = (1 << WINDOW) - (1 << MARGIN)
        for header in headers:
            message_id = str(header.get("msg_id"))
            prefix, _, number = message_id.partition("-")
            if "buffers" in header and _is_counted(prefix, number):
                if int(number) > self._windows.get(prefix, (0, 0))[0]:
                    self._windows[prefix] = int(number), below
                    self._windows.move_to_end(prefix)
            elif (position := position_of(header)) is not None:
                name, count, date = position
                self._forget((name, count - MARGIN, date))
        while len(self._windows) > _CLIENTS:
            self._windows.popitem(last=False)

    def is_new(
        self, message_id: str | None, signature: bytes, header: dict[str, Any] | None = None
    ) -> bool:
        """Whether an authentic message has not come before; from now on it has.

        ``message_id`` is None of another maker's, whose ``header`` may tell more.
        """
        prefix, _, number = (message_id or "").partition("-")
        if self._by_number and _is_counted(prefix, number):
            return len(number) < 20 and self._is_new_number(prefix, int(number))
        if signature in self._signatures or signature in self._older:
            return False
        position = position_of(header) if self._by_number and header is not None else None
        if position is not None and self._is_forgotten(position):
            return False
        self._signatures[signature] = position
        if len(self._signatures) >= _SIGNATURES:
            for oldest in self._older.values():
                if oldest is not None:
                    self._forget(oldest)
            self._older, self._signatures = self._signatures, {}
        return True

    def _is_forgotten(self, position: Position) -> bool:
        name, count, date = position
        forgotten = self._forgotten.get(name)
        return forgotten is not None and count <= forgotten[0] and date <= forgotten[1]

    def _forget(self, position: Position) -> None:
        name, count, date = position
        before = self._forgotten.get(name, (0, ""))
        self._forgotten[name] = max(count, before[0]), max(date, before[1])
        self._forgotten.move_to_end(name)
        if len(self._forgotten) > _CLIENTS:
            self._forgotten.popitem(last=False)

    def _is_new_number(self, prefix: str, number: int) -> bool:
        highest, came = self._windows.get(prefix, (0, 0))
        if number > highest:
            shift = number - highest
            came = (came << shift if shift < WINDOW else 0) & (1 << WINDOW) - 1 | 1
            highest = number
        else:
            if highest - number >= WINDOW:
                return False
            bit = 1 << highest - number
            if came & bit:
                return False
            came |= bit
        self._windows[prefix] = highest, came
        self._windows.move_to_end(prefix)
        if len(self._windows) > _CLIENTS:
            self._windows.popitem(last=False)
        return True
