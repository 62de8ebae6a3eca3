"""Shares: their files and who looks at them, without a server."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vivo.parallel.directories import shares_folder, web_folder, write_private
from vivo.parallel.processes import boot_id, process_started
from vivo.parallel.registry import Registry, SessionEntry
from vivo.server.commands.share import seconds
from vivo.server.web import shares
from vivo.server.web.application import Site
from vivo.server.web.grants import Grants, RefusedError, digest
from vivo.server.web.servers import WebEntry, entered, running


class Clock:
    """A time that tests move."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def registered(session: str) -> None:
    """Have a session in the registry whose keeper is this process."""
    made = SessionEntry(
        id=session, name="work", owner=os.getuid(), host=os.uname().nodename, boot=boot_id(),
        keeper_pid=os.getpid(), keeper_started=process_started(os.getpid()) or 0.0, python="python",
        cwd="/", workspace=None, created=0.0, connection_file="", journal="",
    )  # fmt: skip
    Registry().add(made)


class Watched:
    """A site, and the watch of its shares."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.site = Site(Grants(self.clock), "/", 1, frozenset())
        self.ended: list[tuple[str, str]] = []
        was = self.site.end_share

        def end(share: str, why: str) -> None:
            self.ended.append((share, why))
            was(share, why)

        self.site.end_share = end  # type: ignore[method-assign]
        self.watch = shares.ShareWatch(self.site, self.clock)

    def make(self, session: str = "abc", **options: Any) -> tuple[shares.Share, str]:
        """A share, looked at."""
        wanted: dict[str, Any] = {"seconds": 60.0, "name": ""} | options
        made = shares.make_share(session, "viewer", self.clock.now, **wanted)
        self.watch.look()
        return made


@pytest.fixture
def watched(home: Path) -> Watched:
    registered("abc")
    return Watched()


def test_a_share_opens_its_session_and_ends(watched: Watched) -> None:
    """By its file: who came by it is told why, and the link opens nothing any more."""
    share, secret = watched.make(name="Class")
    cookie = watched.site.grants.enter(secret)
    grant = watched.site.grants.grant_of(cookie)
    assert grant is not None
    assert (grant.role, grant.session, grant.name) == ("viewer", "abc", "Class")
    shares.end_share(share.id)
    watched.watch.look()
    assert watched.ended == [(share.id, shares.ENDED)]
    assert watched.site.grants.grant_of(cookie) is None
    with pytest.raises(RefusedError):
        watched.site.grants.enter(secret)


def test_the_secret_is_in_no_file(watched: Watched) -> None:
    """Who reads the folder cannot come in by what is there; and nobody else reads it."""
    share, secret = watched.make()
    path = shares_folder() / f"{share.id}.json"
    assert secret not in path.read_text()
    assert digest(secret) in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert shares_folder().stat().st_mode & 0o777 == 0o700


def test_a_share_ends_with_its_time(watched: Watched) -> None:
    """And its file goes."""
    share, secret = watched.make()
    cookie = watched.site.grants.enter(secret)
    watched.clock.now += 61
    watched.watch.look()
    assert watched.ended == [(share.id, shares.EXPIRED)]
    assert watched.site.grants.grant_of(cookie) is None
    assert shares.list_shares() == []


def test_a_share_ends_with_its_session(watched: Watched) -> None:
    """Another session, also one that is started in its place, is not shared."""
    share, _ = watched.make()
    Registry().remove("abc")
    watched.watch.look()
    watched.watch.look()
    assert [each for each, _ in watched.ended] == [share.id]
    assert shares.list_shares() == []


def test_a_session_whose_keeper_died_has_time_to_get_another(watched: Watched) -> None:
    """Its engine starts one; only if none comes has it ended."""
    watched.make()
    entry = Registry().read("abc")
    assert entry is not None
    Registry().add(msgspec.structs.replace(entry, keeper_started=1.0))
    for _ in range(5):
        watched.watch.look()
    assert watched.ended == []
    registered("abc")
    watched.watch.look()
    Registry().add(msgspec.structs.replace(entry, keeper_started=1.0))
    for _ in range(15):
        watched.watch.look()
    assert len(watched.ended) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"id": "bad", "role": "viewer"}',
        b'{"id":"other","session":"abc","role":"viewer","digest":"%s","created":0}' % (b"0" * 64),
        b'{"id":"bad","session":"abc","role":"owner","digest":"%s","created":0}' % (b"0" * 64),
        b'{"id":"bad","session":"abc","role":"viewer","digest":"","created":0}',
        b'{"id":"bad","session":"../../x","role":"viewer","digest":"%s","created":0}' % (b"0" * 64),
        b"x" * 1_000_000,
    ],
)
def test_what_is_no_share_is_passed_over(watched: Watched, text: bytes) -> None:
    """Whatever stands in the folder: the other shares go on."""
    write_private(shares_folder() / "bad.json", text)
    share, secret = watched.make()
    assert watched.site.grants.enter(secret)
    watched.watch.look()
    watched.watch.look()
    assert share in shares.list_shares()


def test_a_pipe_or_anothers_file_is_passed_over(watched: Watched) -> None:
    """Nothing is waited for, and what everybody may write is not believed."""
    os.mkfifo(shares_folder() / "pipe.json")
    (shares_folder() / "folder.json").mkdir()
    share, _ = watched.make()
    forged = shares_folder() / "forged.json"
    write_private(forged, msgspec.json.encode(msgspec.structs.replace(share, id="forged")))
    forged.chmod(0o666)
    assert shares.list_shares() == [share]


def test_a_share_that_was_made_before_the_server_is_served(watched: Watched) -> None:
    """A web server that is started again on the same port takes them up."""
    _, secret = watched.make()
    later = Watched()
    later.watch.look()
    assert later.site.grants.enter(secret)


async def test_the_watch_goes_on_when_the_folder_cannot_be_read(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full table of files, say, is over some time."""
    monkeypatch.setattr(shares, "LOOK", 0.0)
    looks = asyncio.Semaphore(0)

    def fails() -> None:
        looks.release()
        raise OSError("too many open files")

    monkeypatch.setattr(watched.watch, "look", fails)
    watching = asyncio.create_task(watched.watch.watch())
    for _ in range(3):
        await asyncio.wait_for(looks.acquire(), 10)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def test_web_servers_find_each_other_and_what_was_killed_is_none(home: Path) -> None:
    """What others can reach comes first, and entries of processes that are gone are removed."""
    pid = os.getpid()
    gone = WebEntry(
        pid=pid, started=1.0, boot=boot_id(), address="http://127.0.0.1:1", port=1,
        is_loopback=True, created=0.0,
    )  # fmt: skip
    write_private(web_folder() / "gone.json", msgspec.json.encode(gone))
    write_private(web_folder() / "bad.json", b"nothing")
    with entered("http://127.0.0.1:2", 2, is_loopback=True):
        with entered("https://host:3", 3, is_loopback=False):
            assert [each.port for each in running()] == [3, 2]
        assert [each.port for each in running()] == [2]
    assert running() == []
    assert [each.name for each in web_folder().iterdir()] == ["bad.json"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("8h", 28800.0), ("30min", 1800.0), ("2d", 172800.0), (" 90 S ", 90.0), ("1.5h", 5400.0)],
)
def test_lengths_of_time(text: str, found: float) -> None:
    """As people write them."""
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "8", "h", "-1h", "31d", "0s", "1e9d", "inf", "8 hours"])
def test_what_is_no_length_of_time(text: str) -> None:
    """One sentence that says what is one."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"no length of time|not between"):
        seconds(text)
