"""Who is in a session: front ends that say so, and plain Jupyter clients that were heard. Pure.

Rules:

1. Who has said that they are here is, until they say good-bye or have not said it again for
   :data:`LAPSE`. That is looked at when somebody else says it: who is alone need not be told.
2. Plain Jupyter clients are told by what they asked and ran within :data:`MEMORY`, one a user: a
   front end of theirs has several connections, and none says when it goes.
3. At most :data:`MOST` are kept; those that were not heard for longest go first.
4. No cell costs anything: who runs, and what plain clients ran, is looked up when it is asked.
5. It is nobody's business but the living session's: nothing is journaled, and a new keeper is told
   anew.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from ..messages import Person, PresenceReply, PresenceRequest
from .instructions import Announce, Reply

if TYPE_CHECKING:
    from ..hosted.state import HostedState
    from ..wire import Message
    from .state import SessionState

LAPSE = 50.0
"""Seconds: two times that it was not said again, and a little."""
MEMORY = 600.0
"""Seconds that a plain client is told of after it was heard."""
MOST = 256
_LOOKED_THROUGH = 100  # of the newest cells
_LONGEST = 100  # characters of a name
_KINDS = ("editor", "console", "web")
_ROLES = ("owner", "runner", "viewer")


class Presence:
    """See the module."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self._said: dict[str, float] = {}
        self._plain: dict[str, Person] = {}

    def say(self, who: str, said: PresenceRequest, now: float) -> bool:
        """Take in what a client says of itself; whether anything has changed for others."""
        before = list(self._people.values())
        for each in [each for each, at in self._said.items() if not 0 <= now - at <= LAPSE]:
            self._forget(each)
        if said.leaving:
            self._forget(who)
        elif said.name:
            known = self._people.get(who)
            self._people[who] = Person(
                id=who,
                name=said.name[:_LONGEST],
                kind=said.kind if said.kind in _KINDS else _KINDS[0],
                role=said.role if said.role in _ROLES else _ROLES[0],
                since=known.since if known is not None else now,
            )
            self._said.pop(who, None)  # so that they are in the order in which they were heard
            self._said[who] = now
            while len(self._said) > MOST:
                self._forget(next(iter(self._said)))
        return list(self._people.values()) != before

    def heard(self, header: dict[str, Any], now: float) -> None:
        """A plain client was heard, by the header of what it sent."""
        name = _name(header)
        known = self._plain.pop(name, None)
        if known is not None and (known.heard or 0) > now:
            self._plain[name] = known
            return
        since = known.since if known is not None else now
        who = str(header.get("session"))[:_LONGEST]
        self._plain[name] = Person(who, name, "jupyter", since=since, heard=now)
        while len(self._plain) > MOST:
            del self._plain[next(iter(self._plain))]

    def people(self, now: float) -> list[Person]:
        """Who is here, those that come from Jupyter last."""
        plain = [each for each in self._plain.values() if now - (each.heard or 0) <= MEMORY]
        return [*self._people.values(), *plain]

    def _forget(self, who: str) -> None:
        self._people.pop(who, None)
        self._said.pop(who, None)

    def validate(self) -> None:
        """Assert what can be seen of the rules."""
        assert self._people.keys() == self._said.keys()
        assert len(self._people) <= MOST
        assert len(self._plain) <= MOST
        assert list(self._said.values()) == sorted(self._said.values())


def _name(header: dict[str, Any]) -> str:
    """What a plain client is called. JupyterLab's own give no name, or the word for one."""
    told = str(header.get("username") or "")[:_LONGEST]
    return told if told not in ("", "username") else "Jupyter"


def is_plain(header: dict[str, Any]) -> bool:
    """Whether a message comes from a client that is not vivo's."""
    return "buffers" not in header


def answer_presence(
    state: SessionState | HostedState, channel: str, message: Message, now: float
) -> None:
    """Take in who is here and tell it; everyone, where that has changed.

    Without busy and idle: it is said all the time.
    """
    said = msgspec.convert(message.content, PresenceRequest)
    has_changed = state.presence.say(str(message.header.get("session")), said, now)
    content = msgspec.to_builtins(_told(state, now))
    reply = {"status": "ok", **content}
    parent = message.raw_header
    state.tell(Reply(channel, message.identities, "vivo_presence_reply", parent, reply))
    if has_changed:
        state.tell(Announce("vivo_presence", b"{}", content))


def people_of(state: SessionState | HostedState, now: float) -> list[Person]:
    """Who is here, also those of whom only the cells tell."""
    parents: dict[str, bytes] = getattr(state, "parents", {})
    for run in reversed(list(islice(reversed(parents), _LOOKED_THROUGH))):  # the newest last
        record, header = state.runs.get(run), msgspec.json.decode(parents[run] or b"{}")
        if record is not None and is_plain(header):
            state.presence.heard(header, record.queued)
    return state.presence.people(now)


def _told(state: SessionState | HostedState, now: float) -> PresenceReply:
    people, running = people_of(state, now), None
    if state.running is not None:
        header = state.running.request.header
        names = {each.name: each.id for each in people if each.kind == "jupyter"}
        running = header.get("session")
        if is_plain(header):
            running = names.get(_name(header), running)
    return PresenceReply(people, running if isinstance(running, str) else None)
