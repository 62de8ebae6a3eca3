"""What ``ssh://…`` names, and which sessions outlast a login: pure."""

from __future__ import annotations

import os
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from vivo.parallel import directories
from vivo.parallel.errors import SessionError
from vivo.parallel.registry import Registry
from vivo.parallel.remote.places import Place, place_of

_NAME = some.text(string.ascii_letters + string.digits + "._-", min_size=1).filter(
    lambda text: not text.startswith("-")
)
_PLACES = some.builds(
    Place,
    host=_NAME | some.just("::1") | some.just("fe80::1%eth0"),
    user=some.just("") | _NAME,
    port=some.none() | some.integers(1, 65535),
    session=some.text("0123456789abcdef", max_size=12),
)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("ssh://alpha", Place("alpha")),
        ("ssh://alpha/", Place("alpha")),
        ("ssh://me@alpha:22/2f6b", Place("alpha", "me", 22, "2f6b")),
        ("ssh://[::1]:2222", Place("::1", "", 2222)),
        (
            "ssh://alpha.example.org/2f6bb4e9d1c3",
            Place("alpha.example.org", session="2f6bb4e9d1c3"),
        ),
    ],
)
def test_a_place_is_a_host_and_perhaps_a_session(told: str, expected: Place) -> None:
    """As a URL has them."""
    assert place_of(told) == expected


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("alpha", "names no host of ssh's: say ssh://HOST"),
        ("ssh://", "names no host"),
        ("ssh:///2f6b", "names no host"),
        ("ssh://@alpha", "names no host"),
        ("ssh://-oProxyCommand=x", "names no host"),
        ("ssh://-lroot@alpha", "names no host"),
        ("ssh://al pha", "names no host"),
        ("ssh://al\npha", "names no host"),
        ("ssh://alpha/../x", "names no host"),
        ("ssh://alpha/a b", "names no host"),
        ("ssh://alpha:", "'' is no port"),
        ("ssh://alpha:0", "'0' is no port"),
        ("ssh://alpha:65536", "is no port"),
        ("ssh://alpha:²", "is no port"),
        ("ssh://me:secret@alpha", "A password has no place in ssh://"),
    ],
)
def test_what_names_no_place_is_refused(told: str, sentence: str) -> None:
    """With one sentence; a password does not stand in it."""
    with pytest.raises(SessionError, match=sentence) as raised:
        place_of(told)
    assert "secret" not in str(raised.value)


@given(_PLACES)
def test_a_place_is_what_its_url_says(place: Place) -> None:
    """Whatever names there are; ssh takes none of its words for an option."""
    assert place_of(f"{place.address}/{place.session}") == place
    options = place.words[:-1:2]
    assert set(options) <= {"-p", "-l"}
    assert place.words[-1] == place.host


@given(some.text(), some.text())
def test_no_text_is_more_than_a_place_or_a_sentence(before: str, after: str) -> None:
    """And what is a place has words that are no options."""
    try:
        place = place_of(f"ssh://{before}/{after}")
    except SessionError:
        return
    assert not place.host.startswith("-")
    assert not place.user.startswith("-")


def test_sessions_that_outlast_a_login_are_in_the_list(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are where systemd does not remove their sockets; both folders are one registry."""
    lasting = home / "lasting" / "sessions"
    lasting.mkdir(parents=True, mode=0o700)
    made = Registry()
    assert made.path("abc").parent == made.folder
    monkeypatch.setattr(directories, "_lasting_folder", lambda: home / "lasting")
    monkeypatch.setattr(directories, "_ends_with_login", lambda folder: True)
    both = Registry()
    for folder, name in ((both.folder, "here"), (lasting, "there")):
        (folder / f"{name}.json").write_text(_entry(name, folder.parent))
    assert {each.id for each in both.listing().entries} == {"here", "there"}
    assert [each.id for each in made.listing().entries] == ["here"]
    assert both.path("there").parent == lasting
    sockets = home / "lasting" / "there"
    sockets.mkdir()
    entry = both.read("there")
    assert entry is not None
    both.tidy(entry)
    assert not sockets.exists()
    assert {each.id for each in both.listing().entries} == {"here"}


def _entry(name: str, folder: Path) -> str:
    return (
        f'{{"id": "{name}", "name": "x", "owner": {os.getuid()}, "host": "h", "boot": "b", '
        '"keeper_pid": 1, "keeper_started": 1.0, "python": "p", "cwd": "/", "workspace": null, '
        f'"created": 1.0, "connection_file": "{folder}/{name}/connection.json", "journal": ""}}'
    )
