"""Which messages a peer has taken in already. Pure, its memory bounded.

Requests of vivo's own clients have ids that count: ``PREFIX-N``. For each prefix the highest number
is known, and which of those just below it came (the window of RFC 4303, section 3.4.3): what is
below the window is refused. Of other clients' messages the last signatures are remembered.

Rules:

1. A message of vivo's clients is taken in once, however much came since, as long as its client
   is among the last that were heard.
2. Messages of one client may overtake each other, on its several sockets, by less than the window.
"""

from __future__ import annotations

from collections import OrderedDict

WINDOW = 4096
_CLIENTS = 4096
_SIGNATURES = 65_536
_PREFIX_LENGTH = 16


class Replays:
    """What has come on one connection.

    ``by_number``: it takes requests. Events are not counted: on their socket they may lag far
    behind the replies, and a client looks at their own numbers.
    """

    def __init__(self, *, by_number: bool) -> None:
        self._by_number = by_number
        self._windows: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._signatures: OrderedDict[bytes, None] = OrderedDict()

    def is_new(self, message_id: str | None, signature: bytes) -> bool:
        """Whether an authentic message has not come before; from now on it has.

        ``message_id`` is None of another maker's.
        """
        prefix, _, number = (message_id or "").partition("-")
        is_counted = len(prefix) == _PREFIX_LENGTH and number.isascii() and number.isdecimal()
        if self._by_number and is_counted:
            return len(number) < 20 and self._is_new_number(prefix, int(number))
        if signature in self._signatures:
            return False
        self._signatures[signature] = None
        if len(self._signatures) > _SIGNATURES:
            self._signatures.popitem(last=False)
        return True

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
