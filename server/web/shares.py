"""Shares: sessions that their owner lets others into by a link. Files, one a share.

Rules:

1. A share's file names its session, its role and its end, and keeps the digest of the link's
   secret: who reads it cannot come in by it.
2. The folder is the user's alone. What cannot be read there, is another user's, or is no share, is
   passed over and logged; nothing in it is believed that is no name of a file.
3. A share ends with its file, with its time, or with its session, whichever is first. Every web
   server of the user sees that within :data:`LOOK`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from ...core.private_files import may_be_anothers, read_small
from ...parallel.directories import shares_folder, write_private
from ...parallel.registry import Registry, liveness
from .grants import Grant, digest, new_secret, tidy_name

if TYPE_CHECKING:
    from .application import Site

_log = logging.getLogger(__name__)
LOOK = 1.0
"""Seconds between two looks at the folder."""
PREFIX = "share-"
"""How the secret of a share's link begins: the page then asks for the visitor's name."""
_MOST = 1_000
_GONE = 10  # looks at a session whose keeper is gone: its engine may start another
ENDED = "The owner has ended this share, or its session has ended: ask for another link."
EXPIRED = "The time of this share is over: ask for another link."


class Share(msgspec.Struct, kw_only=True, frozen=True):
    """What one file says."""

    id: str
    session: str
    role: Literal["viewer", "runner"]
    digest: str
    """Of the link's secret."""
    created: float
    until: float | None = None
    """Seconds since the epoch; None: as long as the session."""
    name: str = ""
    """For whom it is, if the owner said so."""

    @property
    def grant(self) -> Grant:
        """What it lets its visitors do."""
        return Grant(self.role, self.session, self.name, self.id)


def make_share(
    session: str, role: Literal["viewer", "runner"], now: float, *, seconds: float | None, name: str
) -> tuple[Share, str]:
    """A new share, written, and the secret of its link."""
    secret = PREFIX + new_secret()
    share = Share(
        id=secrets.token_hex(4),
        session=session,
        role=role,
        digest=digest(secret),
        created=now,
        until=None if seconds is None else now + seconds,
        name=tidy_name(name),
    )
    write_private(_path(shares_folder(), share.id), msgspec.json.encode(share))
    return share, secret


def list_shares(folder: Path | None = None) -> list[Share]:
    """The shares that can be read, oldest first (rule 2)."""
    found = []
    for path in sorted((folder or shares_folder()).glob("*.json"))[:_MOST]:
        try:
            if may_be_anothers(path):
                raise ValueError("another user may have written it")
            share = msgspec.json.decode(read_small(path), type=Share)
            if share.id != path.stem or len(share.digest) != 64:
                raise ValueError("it is no share")
        except FileNotFoundError:
            continue  # it ended while we looked
        except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
            _log.warning("The share %s is passed over: %s", path, error)
        else:
            found.append(share)
    return sorted(found, key=lambda share: share.created)


def end_share(share: str, folder: Path | None = None) -> None:
    """End a share; nothing if it has ended."""
    _path(folder or shares_folder(), share).unlink(missing_ok=True)


def _path(folder: Path, share: str) -> Path:
    return folder / f"{share}.json"


class ShareWatch:
    """Lets a site know which shares there are."""

    def __init__(self, site: Site, now: Callable[[], float]) -> None:
        self._site, self._now = site, now
        self._known: dict[str, Share] = {}
        self._seen: object = None
        self._missed: dict[str, int] = {}

    async def watch(self) -> None:
        """Look again and again, until this is cancelled."""
        while True:
            try:
                self.look()
            except Exception:  # noqa: BLE001 - a folder that cannot be read now must not end all
                _log.exception("The shares could not be looked at.")
            await asyncio.sleep(LOOK)

    def look(self) -> None:
        """Take in what has changed since the last look (rule 3)."""
        folder = shares_folder()
        for share in list(self._known.values()):
            if share.until is not None and share.until <= self._now():
                del self._known[share.id]
                self._site.end_share(share.id, EXPIRED)
                end_share(share.id, folder)
            elif self._has_ended(share.session):
                end_share(share.id, folder)
        self.take_in()

    def take_in(self) -> None:
        """Know of the shares that there are now; also when somebody comes by a link that is new."""
        folder = shares_folder()
        seen = sorted((each.name, _stamp(each)) for each in folder.glob("*.json"))
        if seen == self._seen:
            return
        self._seen = seen
        shares = {share.id: share for share in list_shares(folder)}
        for ended in [each for each in self._known if each not in shares]:
            self._site.end_share(ended, ENDED)
        for share in shares.values():
            if share.id not in self._known:
                self._site.grants.put_link(share.digest, share.grant, share.until)
        self._known = shares
        self._missed = {each.session: self._missed.get(each.session, 0) for each in shares.values()}

    def _has_ended(self, session: str) -> bool:
        entry = Registry().read(session)
        if entry is not None and liveness(entry) != "stale":
            self._missed[session] = 0
            return False
        self._missed[session] = self._missed.get(session, 0) + 1
        return entry is None or self._missed[session] > _GONE


def _stamp(path: Path) -> int:
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return 0
