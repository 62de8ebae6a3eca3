"""Links, cookies and what they allow: pure."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from vivo.server.web.gates import hosts_of, is_known_host, is_own_origin
from vivo.server.web.grants import (
    LINK_LIFE,
    MOST_VISITORS,
    VISITOR_LIFE,
    Grant,
    Grants,
    RefusedError,
    digest,
    new_secret,
    tidy_name,
)
from vivo.server.web.serving import is_loopback, names_of


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_an_owners_link_opens_once() -> None:
    """A link that was seen in a terminal is worth nothing once it was used."""
    grants = Grants(Clock())
    link = grants.new_link(Grant("owner"))
    cookie = grants.enter(link)
    assert grants.grant_of(cookie) == Grant("owner")
    with pytest.raises(RefusedError, match="was used already"):
        grants.enter(link)


def test_a_link_expires() -> None:
    """What was printed and never used does not lie open for ever."""
    clock = Clock()
    grants = Grants(clock)
    link = grants.new_link(Grant("owner"))
    clock.now += LINK_LIFE + 1
    with pytest.raises(RefusedError, match="has expired"):
        grants.enter(link)


def test_a_shares_link_opens_until_it_ends() -> None:
    """Several come by one link; when the share ends nobody is in by it, and nobody comes."""
    grants = Grants(Clock())
    secret = new_secret()
    grants.put_link(digest(secret), Grant("viewer", "abc", share="s1"), None)
    ada, ben = grants.enter(secret, "Ada"), grants.enter(secret, "Ben")
    assert grants.grant_of(ada) == Grant("viewer", "abc", "Ada", "s1")
    assert grants.grant_of(ben) == Grant("viewer", "abc", "Ben", "s1")
    grants.end_share("s1")
    assert grants.grant_of(ada) is None
    with pytest.raises(RefusedError):
        grants.enter(secret, "Ada")


def test_guessing_keeps_nobody_out() -> None:
    """However many wrong links are tried, the right one opens."""
    grants = Grants(Clock())
    link = grants.new_link(Grant("owner"))
    for number in range(1000):
        with pytest.raises(RefusedError, match="was used already"):
            grants.enter(f"wrong {number}")
    assert grants.grant_of(grants.enter(link)) == Grant("owner")


def test_a_cookie_that_is_not_used_is_forgotten() -> None:
    """A browser that nobody opens any more is let go of; one that is used stays."""
    clock = Clock()
    grants = Grants(clock)
    left, used = (grants.enter(grants.new_link(Grant("owner"))) for _ in range(2))
    clock.now += VISITOR_LIFE * 0.6
    assert grants.grant_of(used) is not None
    clock.now += VISITOR_LIFE * 0.6
    assert grants.grant_of(used) is not None
    assert grants.grant_of(left) is None


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada \n Lovelace\x1b[31m ", "Ada Lovelace [31m"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 500, "x" * 40),
        (None, ""),
        ({"name": "Ada"}, ""),
    ],
)
def test_a_name_is_one_line_that_can_be_seen(told: object, shown: str) -> None:
    """A name stands in others' terminals and pages: it moves no cursor and turns no text."""
    assert tidy_name(told) == shown


class AnyUse(RuleBasedStateMachine):
    """Whatever happens, a cookie allows what its link did, or nothing."""

    @initialize()
    def begin(self) -> None:
        self.clock = Clock()
        self.grants = Grants(self.clock)
        self.links: dict[str, Grant] = {}
        self.cookies: dict[str, Grant] = {}
        self.ended: set[str] = set()

    @rule(role=st.sampled_from(["owner", "viewer", "runner"]), share=st.sampled_from("ab"))
    def link(self, role: str, share: str) -> None:
        if role == "owner":
            grant = Grant("owner")
            self.links[self.grants.new_link(grant)] = grant
        else:
            secret = new_secret()
            grant = Grant(role, "session", "guest", share)  # type: ignore[arg-type]
            self.grants.put_link(digest(secret), grant, None)
            self.links[secret] = grant
            self.ended.discard(share)

    @rule(data=st.data())
    def enter(self, data: st.DataObject) -> None:
        secret = data.draw(st.sampled_from(["wrong", *self.links]))
        try:
            cookie = self.grants.enter(secret)
        except RefusedError:
            return
        granted, grant = self.grants.grant_of(cookie), self.links[secret]
        assert granted is not None
        grant = replace(grant, name=granted.name)
        others = [each.name for each in self.cookies.values() if each.role != "owner"]
        assert grant.role == "owner" or grant.name not in others
        self.cookies[cookie] = grant
        if grant.role == "owner":
            del self.links[secret]

    @rule(share=st.sampled_from("ab"))
    def end(self, share: str) -> None:
        self.grants.end_share(share)
        self.links = {each: grant for each, grant in self.links.items() if grant.share != share}
        self.cookies = {each: grant for each, grant in self.cookies.items() if grant.share != share}

    @rule(seconds=st.floats(0, VISITOR_LIFE))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def allows_no_more(self) -> None:
        self.grants.validate()
        for cookie, grant in self.cookies.items():
            assert self.grants.grant_of(cookie) in (grant, None)
        assert self.grants.grant_of(None) is None
        assert self.grants.grant_of("wrong") is None


TestAnyUse = AnyUse.TestCase


def test_nobody_runs_cells_under_anothers_name() -> None:
    """A second one of a name is numbered; who comes again from the same browser is no second."""
    grants = Grants(Clock())
    secret = new_secret()
    grants.put_link(digest(secret), Grant("runner", "abc", share="s"), None)
    first = grants.enter(secret, "Ada")
    second = grants.enter(secret, "Ada")
    told = [grants.grant_of(each) for each in (first, second)]
    assert [each and each.name for each in told] == ["Ada", "Ada 2"]
    again = grants.enter(secret, "Ada", first)
    found = grants.grant_of(again)
    assert found is not None
    assert found.name == "Ada"
    assert grants.grant_of(first) is None


def test_an_owner_who_opens_a_share_stays_one() -> None:
    """The link that one gives to others does not lock one out of one's own sessions."""
    grants = Grants(Clock())
    owner = grants.enter(grants.new_link(Grant("owner")))
    grants.put_link(digest("share-x"), Grant("viewer", "abc", share="s"), None)
    assert grants.enter("share-x", "", owner) == owner
    assert grants.grant_of(owner) == Grant("owner")


def test_visitors_are_bounded() -> None:
    """A link that is opened without end fills no memory: those away longest go."""
    grants = Grants(Clock())
    secret = new_secret()
    grants.put_link(digest(secret), Grant("viewer", "abc", share="s"), None)
    first = grants.enter(secret)
    for _ in range(MOST_VISITORS):
        last = grants.enter(secret)
    grants.validate()
    assert grants.grant_of(first) is None
    assert grants.grant_of(last) is not None


HOSTS = hosts_of({"127.0.0.1", "localhost", "::1"}, 8080)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8080", True),
        ("LocalHost:8080", True),
        ("[::1]:8080", True),
        ("127.0.0.1", False),
        ("127.0.0.1:8081", False),
        ("evil.example:8080", False),
        ("127.0.0.1.evil.example:8080", False),
        ("localhost:8080@evil.example", False),
        ("", False),
        (None, False),
    ],
)
def test_a_host_is_one_of_ours(host: str | None, known: bool) -> None:
    """A name that somebody else has pointed at this machine opens nothing."""
    assert is_known_host(host, HOSTS) is known


@pytest.mark.parametrize(
    ("origin", "site", "own"),
    [
        ("http://127.0.0.1:8080", "same-origin", True),
        ("http://127.0.0.1:8080", None, True),
        ("http://127.0.0.1:8081", None, False),
        ("https://127.0.0.1:8080", None, False),
        ("http://localhost:8080", None, False),
        ("http://evil.example", "cross-site", False),
        ("http://127.0.0.1:8080", "cross-site", False),
        ("null", None, False),
        ("http://[", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_an_origin_is_this_very_page(origin: str | None, site: str | None, own: bool) -> None:
    """What another site's page makes a browser send is no request of ours."""
    headers = {"host": "127.0.0.1:8080"}
    headers |= {"origin": origin} if origin is not None else {}
    headers |= {"sec-fetch-site": site} if site is not None else {}
    assert is_own_origin(headers, HOSTS, "http") is own


def test_a_server_on_every_address_has_the_machines_names() -> None:
    """Its name and its addresses open it, another name that leads to them does not."""
    names = names_of("0.0.0.0")
    assert {socket.gethostname(), "127.0.0.1"} <= names
    assert names_of("192.0.2.7") == {"192.0.2.7"}
    assert is_loopback("localhost")
    assert is_loopback("[::1]")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("127.0.0.1.evil.example")
