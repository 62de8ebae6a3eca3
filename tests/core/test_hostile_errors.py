"""Exceptions that are against being shown: the cell ends with an error all the same."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from vivo.core import Shell
from vivo.core.interrupts import handle

ERRORS = {
    "its str raises": "class E(Exception):\n    def __str__(self): raise LookupError",
    "its str is no text": "class E(Exception):\n    def __str__(self): return 3",
    "its str interrupts": "class E(Exception):\n    def __str__(self): raise KeyboardInterrupt",
    "its str exits": "class E(Exception):\n    def __str__(self): raise SystemExit",
    "its str raises itself": "class E(BaseException):\n    def __str__(self): raise self",
    "its str recurses": "class E(Exception):\n    def __str__(self): return str(self)",
    "its str is a hostile str": (
        "class S(str):\n    def __len__(self): raise LookupError\n"
        "    __getitem__ = __str__ = __iter__ = __len__\n"
        "class E(Exception):\n    def __str__(self): return S('abc')"
    ),
    "its class hides everything": (
        "class M(type):\n    def __getattribute__(cls, name): raise SystemExit(name)\n"
        "class E(Exception, metaclass=M): pass"
    ),
    "its attributes are traps": (
        "class E(Exception):\n    def __getattribute__(self, name): raise SystemExit(name)\n"
        "    def __setattr__(self, name, value): raise SystemExit(name)"
    ),
    "its traceback is a property": (
        "def trap(self, *_): raise SystemExit\nclass E(Exception):\n"
        "    __traceback__ = __cause__ = __context__ = __notes__ = __suppress_context__ = "
        "property(trap, trap)"
    ),
    "it is no class": "class E(Exception):\n    __class__ = property(lambda self: 1 / 0)",
    "its repr is a trap": "class E(Exception):\n    def __repr__(self): raise SystemExit",
}


@pytest.mark.parametrize("what", ERRORS)
def test_a_hostile_exception_ends_its_cell_and_nothing_else(
    shell: Shell, shown: Any, what: str
) -> None:
    """It has its name and its place, in every mode, and the session goes on."""
    assert shell.run_cell(ERRORS[what]).status == "ok"
    result = shell.run_cell("raise E('told')")
    assert result.status == "error"
    report = shown.of("error")[-1]
    assert report.name == "E"
    assert [frame.line for frame in report.frames] == [1]
    for mode in ("Plain", "Context", "Verbose", "Minimal"):
        assert report.text(mode).rpartition("\n")[2].startswith("E: ")
    assert report.data()["name"] == "E"
    shell.run_cell("%debug")
    assert shell.run_cell("1 + 1").value == 2


@pytest.mark.parametrize(
    "arguments",
    [
        "'m', ('f.py', 'no line', None, None)",
        "'m', (3, 4, 5, 6)",
        "'m', ('f.py', -1, -1, 'x')",
        "'m', ('f.py', 10**30, 10**30, 'x')",
        "'m', ('f.py', 2, 99, 'short\\nsecond')",
        "3",
        "",
        *(
            ["'m', ('f.py', 2, 3, 'text', 'a', 'b')", "'m', ('f.py', 2, 3, 'text', 1, -5)"]
            if sys.version_info >= (3, 10)
            else []
        ),
    ],
)
def test_a_syntax_error_that_makes_no_sense_is_shown(shell: Shell, arguments: str) -> None:
    """Whatever a library puts into it."""
    report = shell.run_cell(f"raise SyntaxError({arguments})").report
    assert report is not None
    for mode in ("Plain", "Context", "Verbose"):
        assert "SyntaxError" in report.text(mode)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes came with Python 3.11")
@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ("['plain', 3, object()]", "plain\n3\n<object>"),
        ("['n' * 10**7]", "nnn…"),
        ("[str(n) for n in range(10**5)]", "[99950 more notes]"),
        ("'no list'", "E: "),
        ("[S('x')]", "<S>"),
    ],
)
def test_notes_of_any_kind_are_bounded(shell: Shell, notes: str, told: str) -> None:
    """``__notes__`` is an attribute like any other: anything may stand there."""
    shell.run_cell("class E(Exception): pass\nclass S(str):\n    def __str__(self): return 1 / 0")
    report = shell.run_cell(f"e = E('m')\ne.__notes__ = {notes}\nraise e").report
    assert report is not None
    assert told in report.text("Plain")
    assert len(report.text("Plain")) < 100_000


def test_a_long_message_is_cut(shell: Shell) -> None:
    """A hundred megabytes are no message."""
    report = shell.run_cell("raise ValueError('x' * 10**8)").report
    assert report is not None
    assert len(report.message) < 20_000


def test_an_endless_message_is_given_up(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """By time; an interrupt ends it sooner."""
    monkeypatch.setattr("vivo.core.tracebacks._MESSAGE_SECONDS", 0.1)
    shell.run_cell("class E(Exception):\n    def __str__(self):\n        while True: pass")
    report = shell.run_cell("raise E").report
    assert report is not None
    assert report.message == "(its text cannot be made: __str__ does not end)"
    monkeypatch.setattr("vivo.core.tracebacks._MESSAGE_SECONDS", 0)
    shell.namespace["interrupt"] = lambda: handle(shell, sys._getframe(1))
    shell.run_cell("class E(Exception):\n    def __str__(self):\n        while True: interrupt()")
    report = shell.run_cell("raise E").report
    assert report is not None
    assert report.message == "(its text cannot be made: __str__ raised KeyboardInterrupt)"


def test_a_loader_that_fails_costs_the_lines_alone(shell: Shell) -> None:
    """A module's own loader is asked for its text, as Python asks it."""
    report = shell.run_cell(
        "class Loader:\n    def get_source(self, name): raise RuntimeError(name)\n"
        "code = compile('\\ny = 1 / 0', 'from_nowhere.py', 'exec')\n"
        "exec(code, {'__name__': 'nowhere', '__loader__': Loader()})"
    ).report
    assert report is not None
    assert (report.frames[-1].path, report.frames[-1].line) == ("from_nowhere.py", 2)
    assert report.name == "ZeroDivisionError"


def test_names_that_a_mapping_of_the_users_holds_are_not_asked_for(shell: Shell) -> None:
    """``exec`` takes any mapping for its locals."""
    report = shell.run_cell(
        "class Names(dict):\n    def __getitem__(self, name): return 0\n"
        "    def items(self): raise SystemExit\n    __iter__ = __contains__ = items\n"
        "exec('1 / x', {}, Names())"
    ).report
    assert report is not None
    assert report.name == "ZeroDivisionError"
    assert report.frames[-1].values == []
