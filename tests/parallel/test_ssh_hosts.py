"""What is said of hosts, which engine is where, and why there is no link: pure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.controller.launchers.ssh_hosts import Host, command_of, hosts_of, place
from vivo.parallel.directories import use_lasting_folder
from vivo.parallel.errors import SessionError
from vivo.parallel.remote.failures import why_not


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("alpha", [Host(host="alpha")]),
        (" alpha, me@beta:4 ,", [Host(host="alpha"), Host(host="me@beta", n=4)]),
        (["alpha:2", {"host": "b:c"}], [Host(host="alpha", n=2), Host(host="b:c")]),
        ('[{"host": "a", "python": "3.12"}, "b"]', [Host(host="a", python="3.12"), Host(host="b")]),
    ],
)
def test_hosts_are_named_as_people_name_them(told: Any, expected: list[Host]) -> None:
    """In a list, in a text as the command line has it, in JSON."""
    assert hosts_of(told) == expected


def test_where_vivo_is_may_be_said_for_all_hosts_at_once() -> None:
    """A host's own word goes first."""
    told = hosts_of(["alpha", {"host": "beta", "vivo": "/b/python"}], "/a/python")
    assert [each.vivo for each in told] == ["/a/python", "/b/python"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, "has no hosts: give hosts="),
        ([], "has no hosts"),
        (" , ", "has no hosts"),
        ("[alpha", "no list in JSON"),
        ("-oProxyCommand=x", "is no host"),
        (["al pha"], "is no host"),
        (["al\npha"], "is no host"),
        ([7], "is no host"),
        ([{"n": 2}], "missing required field `host`"),
        ([{"host": "alpha", "port": 22}], "unknown field `port`"),
        ([{"host": "alpha", "n": "2"}], "Expected `int`"),
        (["alpha:0"], "0 engines on alpha: give 1 or more"),
        (["alpha:2", "alpha"], "The host alpha is named twice: name it once, as alpha:2"),
        ([{"host": "alpha", "python": "a\nb"}], "is no path on alpha"),
    ],
)
def test_what_names_no_hosts_is_refused(told: Any, expected: str) -> None:
    """With one sentence, which says what would."""
    with pytest.raises(SessionError, match=expected):
        hosts_of(told)


def test_engines_come_to_hosts_by_turns() -> None:
    """None gets one more than it was to have before all others have theirs."""
    hosts = hosts_of("a,b:3,c:2")
    assert [place(hosts, number).host for number in range(8)] == [*"abcbcbab"]


def test_the_command_of_ssh_may_have_words() -> None:
    """As a shell would have them, or in a list."""
    assert command_of("ssh -F 'a file'") == ["ssh", "-F", "a file"]
    assert command_of(["ssh", "-v"]) == ["ssh", "-v"]
    for told in ("", "'", [], 7):
        with pytest.raises(SessionError, match="is no command"):
            command_of(told)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ssh: Could not resolve hostname h: Name or service not known", "There is no host h ("),
        ("me@h: Permission denied (publickey).", "h does not let you in (me@h: Permission denied"),
        ("Host key verification failed.", "h is not known to ssh, or is not what it was ("),
        ("ssh: connect to host h port 22: Connection refused", "h cannot be reached ("),
        ("ssh: connect to host h port 22: Connection timed out", "h cannot be reached ("),
        (
            "Error: remote port forwarding failed for listen path /tmp/x",
            "h forwards no Unix sockets (",
        ),
        ("Could not request local forwarding.", "ssh's configuration asks for a forwarding to h"),
        ("/usr/bin/python3: No module named vivo.x", "The vivo on h is another than this one ("),
        ("Segmentation fault", "There is no link to h (Segmentation fault): does `ssh h true`"),
    ],
)
def test_what_ssh_says_becomes_a_sentence(line: str, expected: str) -> None:
    """With what it said, also among other lines."""
    assert why_not("h", ["Welcome", line], []).startswith(expected)


def test_interpreters_without_vivo_are_named() -> None:
    """Each with what is wrong with it."""
    told = why_not("h", [], ["absent /a b", "lacks /c", "old /d"])
    assert told.startswith(
        "There is no vivo on h (/a b is not there, /c has no vivo, /d is older than Python 3.11)"
    )
    assert why_not("h", [], []).startswith("There is no link to h (it ended without a word)")


@pytest.mark.parametrize(("has_lingering", "stays"), [(True, True), (False, False)])
def test_sockets_are_not_where_systemd_removes_them(
    monkeypatch: pytest.MonkeyPatch, *, has_lingering: bool, stays: bool
) -> None:
    """Its folder of a user goes with their last login, unless they linger; another one stays."""
    monkeypatch.setattr(Path, "exists", lambda path: has_lingering and "linger" in path.parts)
    monkeypatch.setenv("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    use_lasting_folder()
    assert ("XDG_RUNTIME_DIR" in os.environ) is stays
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/mine")
    use_lasting_folder()
    assert os.environ["XDG_RUNTIME_DIR"] == "/run/mine"
