"""``ssh://[USER@]HOST[:PORT][/ID]``: a host, as the user's ssh knows it, and a session there. Pure.

Rules:

1. Neither a host nor a user begins with ``-``: it would be an option of ssh's.
2. A password has no place there: it would be on a command line, and in a file of the registry.
"""

from __future__ import annotations

import re

import msgspec

from ..errors import SessionError

SCHEME = "ssh://"
_FORM = "say ssh://HOST, ssh://USER@HOST:PORT, or ssh://HOST/ID for one session there"
_PARTS = re.compile(
    r"(?:(?P<user>[^@/]*)@)?(?:\[(?P<literal>[0-9A-Fa-f:.]+(?:%[0-9A-Za-z._-]+)?)\]|(?P<host>[^@:/\[\]]*))"
    r"(?::(?P<port>[^/]*))?(?:/(?P<session>.*))?"
)
_ID = re.compile(r"[0-9A-Za-z-]*")


class Place(msgspec.Struct, frozen=True):
    """A host, and perhaps a session there."""

    host: str
    user: str = ""
    port: int | None = None
    session: str = ""
    """An id, or the beginning of one."""

    @property
    def address(self) -> str:
        """The host, as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port is not None else ""
        return f"{SCHEME}{user}{host}{port}"

    @property
    def name(self) -> str:
        """The host, as people say it."""
        return f"{self.user}@{self.host}" if self.user else self.host

    @property
    def words(self) -> list[str]:
        """What ssh is told."""
        port = ["-p", str(self.port)] if self.port is not None else []
        user = ["-l", self.user] if self.user else []
        return [*port, *user, self.host]


def names_place(text: str) -> bool:
    """Whether a text is to name a place, well or badly."""
    return text.startswith(SCHEME)


def place_of(text: str) -> Place:
    """The place that a URL names. Raises :class:`SessionError` for what names none."""
    found = _PARTS.fullmatch(text.removeprefix(SCHEME)) if names_place(text) else None
    if found is None:
        raise SessionError(f"{text!r} names no host of ssh's: {_FORM}.")
    user, host, port, session = (found[each] or "" for each in ("user", "host", "port", "session"))
    host = found["literal"] or host
    if ":" in user:
        raise SessionError(
            "A password has no place in ssh://…: ssh uses your keys, or what ssh-agent has."
        )
    for each in (user, host):
        if each.startswith("-") or not each.isprintable() or " " in each:
            raise SessionError(f"{text!r} names no host of ssh's: {_FORM}.")
    if not host or (found["user"] is not None and not user) or not _ID.fullmatch(session):
        raise SessionError(f"{text!r} names no host of ssh's: {_FORM}.")
    if found["port"] is None:
        return Place(host, user, None, session)
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise SessionError(f"{port!r} is no port: {_FORM}.")
    return Place(host, user, int(port), session)
