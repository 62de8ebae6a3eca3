"""Who may open the page: links that are exchanged for cookies. Pure.

Rules:

1. Secrets are random, 256 bits; only their digests are kept, and compared in constant time.
2. The owner's link is good once, and for some minutes; a share's link until the share ends or
   expires. Neither says what it allows: that stands here, not in what the browser holds.
3. A cookie ends with its grant: with the share that it came from, or when it has not been used for
   long. The number of visitors is bounded; the ones that have been away longest go first.
4. A wrong link costs its sender a refusal and nobody else anything: 256 bits are not guessed, and
   who tries cannot keep the owner out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ...core.errors import VivoError

Role = Literal["owner", "runner", "viewer"]

LINK_LIFE = 600.0
"""Seconds in which the owner's link can be used."""
VISITOR_LIFE = 30 * 24 * 3600.0
"""Seconds after which a cookie that was not used is forgotten."""
MOST_VISITORS = 1_000
LONGEST_NAME = 40


class RefusedError(VivoError):
    """Somebody may not do what they ask for."""


@dataclass(frozen=True)
class Grant:
    """What a visitor may do, and who they are."""

    role: Role
    session: str | None = None
    """The one session that they see. The owner sees all, and has this one first."""
    name: str = ""
    """Who they say they are; the owner's is theirs without a word."""
    share: str | None = None
    """The share that they came by."""


@dataclass
class _Link:
    grant: Grant
    until: float | None
    is_single: bool


@dataclass
class _Visitor:
    grant: Grant
    used: float


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def new_secret() -> str:
    """A link's or a cookie's."""
    return secrets.token_urlsafe(32)


def tidy_name(told: object) -> str:
    """A visitor's name as others see it: one line, of what can be seen, and not too long."""
    text = told if isinstance(told, str) else ""
    seen = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(seen.split())[:LONGEST_NAME].strip()


@dataclass
class Grants:
    """All links and visitors of one web server."""

    now: Callable[[], float]
    """Seconds since the epoch."""
    _links: dict[str, _Link] = field(default_factory=dict)
    _visitors: dict[str, _Visitor] = field(default_factory=dict)

    def new_link(self, grant: Grant, *, is_single: bool = True) -> str:
        """The secret of a new link."""
        secret = new_secret()
        self.put_link(digest(secret), grant, self.now() + LINK_LIFE, is_single=is_single)
        return secret

    def put_link(
        self, digest_: str, grant: Grant, until: float | None, *, is_single: bool = False
    ) -> None:
        """A link whose secret somebody else has; ``until``: when it ends, None for never."""
        self._links[digest_] = _Link(grant, until, is_single)

    def enter(self, secret: str, name: object = "", before: str | None = None) -> str:
        """Exchange a link for a cookie. Raises :class:`RefusedError`.

        ``before`` is the cookie that the browser has: the same visitor by another link. An owner
        stays one.
        """
        now, link = self.now(), self._link(secret)
        if link is None:
            raise RefusedError(
                "This link was used already, has expired, or never was one: ask for another "
                "(`vivo web` prints one for you, `vivo share` one for others)."
            )
        if link.is_single:
            del self._links[digest(secret)]
        known = self.grant_of(before)
        if known is not None and known.role == "owner" and link.grant.role != "owner":
            assert before is not None
            return before
        self.leave(before)
        given = tidy_name(name)
        grant = link.grant
        if grant.role != "owner":
            told = self._unlike(given or grant.name or "guest")
            grant = Grant(grant.role, grant.session, told, grant.share)
        cookie = new_secret()
        self._visitors[digest(cookie)] = _Visitor(grant, now)
        while len(self._visitors) > MOST_VISITORS:
            del self._visitors[min(self._visitors, key=lambda each: self._visitors[each].used)]
        return cookie

    def grant_of(self, cookie: str | None) -> Grant | None:
        """What a cookie allows; None if it allows nothing (any longer)."""
        if not cookie:
            return None
        wanted, now = digest(cookie), self.now()
        found = next((each for each in self._visitors if hmac.compare_digest(each, wanted)), None)
        if found is None:
            return None
        visitor = self._visitors[found]
        if now - visitor.used > VISITOR_LIFE:
            del self._visitors[found]
            return None
        visitor.used = now
        return visitor.grant

    def is_link(self, secret: str) -> bool:
        """Whether a link is good."""
        return self._link(secret) is not None

    def session_of(self, secret: str) -> str | None:
        """The session that a link leads to, if to one alone."""
        link = self._link(secret)
        return link.grant.session if link is not None else None

    def _link(self, secret: str) -> _Link | None:
        """The link of a secret, if it is good."""
        wanted = digest(secret)
        found = next((each for each in self._links if hmac.compare_digest(each, wanted)), None)
        link = self._links.get(found or "")
        if link is not None and link.until is not None and link.until < self.now():
            del self._links[wanted]
            return None
        return link

    def _unlike(self, name: str) -> str:
        """A name that no other visitor has: nobody runs cells under another's."""
        taken = {visitor.grant.name for visitor in self._visitors.values()}
        numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
        return name if name not in taken else next(each for each in numbered if each not in taken)

    def leave(self, cookie: str | None) -> None:
        """Forget a visitor."""
        self._visitors.pop(digest(cookie or ""), None)

    def end_share(self, share: str) -> None:
        """Its links and its visitors' cookies open nothing from now on."""
        self._links = {
            each: link for each, link in self._links.items() if link.grant.share != share
        }
        self._visitors = {
            each: visitor
            for each, visitor in self._visitors.items()
            if visitor.grant.share != share
        }

    def validate(self) -> None:
        """The rules, as far as they can be seen."""
        assert len(self._visitors) <= MOST_VISITORS
        assert all(len(each) == 64 for each in (*self._links, *self._visitors))
        for link in self._links.values():
            assert link.is_single or link.grant.role != "owner"
