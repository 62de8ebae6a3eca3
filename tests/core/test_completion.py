"""Completion as a user meets it: commands and their words, literals, files, symbols, types."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell
from vivo.core.expression_before import expression_before, field_of_fstring

NAMES = """
import math, os
rows = [1]
table = {"alpha": 1, "beta": {"inner": [2]}, ("a", "b"): 3}
class Point:
    def meet(self, speed=1): ...
point = Point()
def area(width, height=1, *, unit="m"): ...
"""


@pytest.fixture
def session(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell with some names, in a folder with some files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work.py").touch()
    (tmp_path / "words.txt").touch()
    (tmp_path / "more").mkdir()
    shell.run_cell(NAMES)
    shell.run_cell("%alias greet echo hello")
    return shell


def texts(shell: Shell, code: str) -> list[str]:
    """The texts offered at the end of some code."""
    return [item.text for item in shell.complete(code).items]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("%xmode V", ["Verbose"]),
        ("%autoreload ex", ["explicit"]),
        ("%logstart work.log ro", ["rotate"]),
        ("%reset ar", ["array"]),
        ("%matplotlib inl", ["inline"]),
        ("%gui as", ["asyncio"]),
        ("%config xm", ["xmode"]),
        ("%config xmode = 'V", ["'Verbose'"]),
        ("%config xmode='P", ["'Plain'"]),
        ("%config pdb = ", ["False", "True"]),
        ("%config Bogus = ", []),
        ("%who Poi", ["Point"]),
        ("%profile phy", ["physics"]),
        ("%env PAT", ["PATH"]),
        ("%load_ext autorel", ["autoreload"]),
        ("%history -", ["-f", "-g", "-l", "-n", "-o", "-p", "-t", "-u"]),
        ("%%bash --o", ["--out"]),
        ("%gre", ["%greet"]),
        ("%unalias gre", ["greet"]),
        ("gre", ["greet"]),
        ("x = %whos", ["%whos"]),
        ("%run wo", ["words.txt", "work.py"]),
        ("%run -t wor", ["words.txt", "work.py"]),
        ("run wor", ["words.txt", "work.py"]),
        ("cat wor", ["words.txt", "work.py"]),
        ("cd mo", ["more/"]),
        ("%timeit rows.appe", ["append"]),
        ("%time math.sinh", ["sinh"]),
        ("!cat wor", ["words.txt", "work.py"]),
        ("x = !cat wor", ["words.txt", "work.py"]),
    ],
)
def test_the_words_of_commands(session: Shell, code: str, wanted: list[str]) -> None:
    """Magics, options, the words that they declare, settings and values, aliases, files."""
    assert texts(session, code) == wanted


def test_a_bookmark_is_a_place_to_go(session: Shell, home: Path) -> None:
    """%cd knows the bookmarks beside the folders."""
    session.run_cell("%bookmark monday")
    assert texts(session, "%cd mo") == ["monday", "more/"]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("'abc'.upp", ["upper"]),
        ("x = 'a.b'.upp", ["upper"]),
        ("[1, 2].appe", ["append"]),
        ("{}.keys", ["keys"]),
        ("(1).bit_l", ["bit_length"]),
        ("3.re", []),
        ("Point().me", ["meet"]),
        ("print(Point().me", ["meet"]),
        ("rows.append(1).rea", []),
        ("table['beta']['inner'].appe", ["append"]),
        ("table[(", ["('a', 'b')"]),
        ("x in rows.appe", ["append"]),
        ("f'{rows.appe", ["append"]),
        ("f'{{rows.appe", []),
        ("f'{rows} and {table[\"al", ['"alpha"']),
        ("'rows.appe", []),
        ("os.environ['PAT", ["'PATH'"]),
        ("area(1, heig", ["height="]),
        ("area(1, un", ["unit="]),
        ("point.meet(sp", ["speed="]),
        ("{'first': 1}['fi", ["'first'"]),
        ("table[('a', 'b')].bit_l", ["bit_length"]),
        ("open('wo", ["words.txt", "work.py"]),
        ("open('", ["more/", "words.txt", "work.py"]),
        ("print('hello wor", []),
        ("from collections import Ordered", ["OrderedDict"]),
        ("import xml.et", ["etree"]),
    ],
)
def test_python_is_completed(session: Shell, code: str, wanted: list[str]) -> None:
    """Literals, calls of classes, fields of f-strings, keys, keyword arguments, files, imports."""
    assert sorted(texts(session, code)) == sorted(wanted)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("x = \\alp", ["\\alpha"]),
        ("x = \\alpha", ["α"]),
        ("\\α", ["\\alpha"]),
        ("\\bbR", ["ℝ"]),
        ("\\GREEK SMALL LETTER ALPHA", ["α"]),
        ("\\SNOWM", ["\\SNOWMAN", "\\SNOWMAN WITHOUT SNOW"]),
        ("\\☃", ["\\SNOWMAN"]),
        ("'\\n", []),
    ],
)
def test_symbols_by_their_names(session: Shell, code: str, wanted: list[str]) -> None:
    """LaTeX's and Unicode's, and the name of a symbol."""
    assert texts(session, code) == wanted


def test_a_call_is_not_made(session: Shell) -> None:
    """What a class's own ``__new__`` or metaclass decides is not known; neither is run."""
    session.run_cell(
        "made = []\nclass Odd:\n    def __new__(cls):\n        made.append(1)\n        return 3\n"
        "    def method(self): ...\n"
        "class Meta(type):\n    def __call__(cls): made.append(2)\n"
        "class Other(metaclass=Meta):\n    def method(self): ..."
    )
    assert texts(session, "Odd().me") == []
    assert texts(session, "Other().me") == []
    assert session.namespace["made"] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("x = a.b", "a.b"),
        ('print(f(a)[1].b["c.d"]', 'f(a)[1].b["c.d"]'),
        ("not rb'x'", "rb'x'"),
        ("a + (b).c", "(b).c"),
        ("if x: [1, (2, ')')]", "[1, (2, ')')]"),
        ("1 + 2", ""),
        ("a +", ""),
        ("]", ""),
        ("", ""),
    ],
)
def test_the_expression_before_a_cursor(line: str, found: str) -> None:
    """As far back as it reaches, over brackets and strings."""
    assert expression_before(line) == found


@pytest.mark.parametrize(
    ("line", "field"),
    [("f'{a.b", "a.b"), ('x = rf"{a} {b', "b"), ("f'{a}", None), ("'{a", None), ("f'{{a", None)],
)
def test_the_field_of_an_fstring(line: str, field: str | None) -> None:
    """What is typed of it, if one is open."""
    assert field_of_fstring(line) == field


def test_completers_of_the_users_come_first(session: Shell, shown: Any) -> None:
    """For a command, and for the objects of a type."""
    session.completer.registered.add_command("greet", lambda word, line: ["world", "moon"])
    assert texts(session, "greet wo") == ["world"]
    point = session.namespace["Point"]
    session.completer.registered.add_type(point, lambda value, prefix: ["remote_name"])
    assert texts(session, "point.rem") == ["remote_name"]


def test_registered_completers_have_a_deadline(session: Shell) -> None:
    """One that is late or raises costs its own names alone; while a cell runs none is asked."""
    point, held = session.namespace["Point"], threading.Event()

    def remote(value: Any, prefix: str) -> list[str]:
        held.wait(30)
        return ["late"]

    registered = session.completer.registered
    registered.add_type(point, remote, deadline=0.05, thread_safe=True)
    assert texts(session, "point.") == ["meet"]
    held.set()

    def failing(value: Any, prefix: str) -> list[str]:
        raise ConnectionError("the instrument is off")

    registered.add_type(point, failing)
    assert texts(session, "point.") == ["meet"]
    registered.add_type(point, lambda value, prefix: ["here"])
    assert texts(session, "point.") == ["here", "meet"]
    registered.is_busy = lambda: True
    assert texts(session, "point.") == ["meet"]
