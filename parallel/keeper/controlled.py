"""A session as an engine of a cluster: what its keeper tells the controller by itself. Pure.

The link is a socket of the keeper's own (a DEALER that connects to the controller's ROUTER), so
that an engine needs no port that others can reach. Rules:

1. The keeper says hello when its engine is ready, whenever it is asked to (a controller that has
   just started knows nobody), and with each new connection: what was on its way when the one before
   ended is lost, in both directions, and a hello tells what is here.
2. It gives a sign of life every :data:`BEAT` seconds, whatever the engine does.
3. The controller's death changes nothing: results are kept until one says that they are stored.
4. When nothing has come for :data:`QUIET` seconds, a sign of life asks for an answer; without one
   the connection is given up and made anew, since it may be one that a firewall or a tunnel has
   forgotten. The answer may be behind a message that takes long: what was sent adds to the
   patience, and it doubles each time.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from .instructions import Beat, Relink, Reply

if TYPE_CHECKING:
    from .state import SessionState

CHANNEL = "controller"
CHANGES = "changes of the link"
"""What the keeper's loop calls the sockets: the link, and that which tells of its connections."""
BEAT = 1.0
"""Seconds between two signs of life."""
QUIET = 3.0
PATIENCE = 5.0
"""Seconds that an answer may take at first."""
_LONGEST_PATIENCE = 1280.0
_SLOWEST = 2**20  # bytes a second that a link carries at least, or it is made anew in vain


class Controlled:
    """What a session tells its controller."""

    def __init__(self, state: SessionState, spec: dict[str, Any]) -> None:
        """``spec`` is the session's."""
        self._state = state
        named = spec["controller"].get("host")
        self._told = {
            "number": spec["controller"]["number"],
            # The key is the cluster's, which the controller has: it never travels.
            "connection": {k: v for k, v in spec["connection"].items() if k != "key"},
            "host": named or socket.gethostname(),
            **({"is_apart": True} if named else {}),
            "cwd": spec["cwd"],
            "rank": spec.get("rank"),
        }
        self.reason = ""
        """Why the engine's process ended last."""
        self.deadline: float | None = None
        self._quiet = 0  # signs of life since anything came
        self._unanswered: float | None = None  # since when an answer is waited for
        self._patience = PATIENCE
        self._sent = 0  # bytes since anything came

    def hello(self, now: float) -> None:
        """Say who this is, and what it has of the controller's (rule 1)."""
        state = self._state
        content = {
            **self._told,
            "session": state.session,
            "state": state.engine,
            "python": state.python,
            "python_version": state.python_version,
            "engine_pid": state.engine_pid,
            "keeper_pid": state.keeper_pid,
            "calls": state.calls.of_controller(),
        }
        if state.engine == "dead":
            content["reason"] = self.reason
        state.tell(Reply(CHANNEL, [], "vivo_engine_hello", b"{}", content))
        state.calls.send_results()
        if self.deadline is None:
            self.deadline = now + BEAT

    def linked(self, now: float) -> None:
        """There is a new connection."""
        self._quiet, self._unanswered, self._sent = 0, None, 0
        if self.deadline is not None and self._state.engine != "starting":  # or it is soon
            self.hello(now)

    def heard(self) -> None:
        """Something has come from the controller."""
        self._quiet, self._unanswered, self._sent = 0, None, 0
        self._patience = PATIENCE

    def sent(self, size: int) -> None:
        """So many bytes are on their way to the controller."""
        self._sent += size

    def time_passed(self, now: float) -> None:
        """Give a sign of life if it is time, and see whether the controller gives any (rule 4)."""
        if self.deadline is None or self.deadline > now:
            return
        self.deadline = now + BEAT
        self._quiet += 1
        asks = self._quiet * BEAT > QUIET
        self._state.tell(Beat(self._state.engine_pid, asks))
        if asks and self._unanswered is None:
            self._unanswered = now
        elif asks and now - (self._unanswered or now) > self._patience + self._sent / _SLOWEST:
            self._quiet, self._unanswered = 0, None
            self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
            self._state.tell(Relink())
