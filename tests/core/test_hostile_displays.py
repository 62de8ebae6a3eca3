"""Values that are against being shown: bounded in time and memory, and an interrupt ends them."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from vivo.core import Shell
from vivo.core.interrupts import handle

TRAPS = (
    *("__iter__", "__len__", "__getitem__", "__contains__", "__bool__", "__eq__", "__hash__"),
    *("items", "keys", "values", "get", "__reversed__", "__next__", "__missing__", "__format__"),
)
SUBCLASSES = {
    "list": ("list", "[1, 2]", "[1, 2]"),
    "tuple": ("tuple", "(1, 2)", "(1, 2)"),
    "dict": ("dict", "{'a': 1}", "{'a': 1}"),
    "set": ("set", "{1, 2}", "Held({1, 2})"),
    "frozenset": ("frozenset", "{1, 2}", "Held({1, 2})"),
    "deque": ("collections.deque", "[1, 2]", "Held([1, 2])"),
    "OrderedDict": ("collections.OrderedDict", "{'a': 1}", "Held({'a': 1})"),
}


@pytest.mark.parametrize("base", SUBCLASSES)
@pytest.mark.parametrize("body", ["raise SystemExit", "return 1 / 0", "while True: pass"])
def test_a_container_is_shown_by_what_it_holds(
    shell: Shell, shown: Any, base: str, body: str
) -> None:
    """Whatever its subclass says of itself, as Python's own repr does."""
    name, held, text = SUBCLASSES[base]
    shell.settings.set("maximum_display_seconds", 5)
    traps = "".join(f"    {trap} = trap\n" for trap in TRAPS)
    made = shell.run_cell(
        f"import collections\ndef trap(*_, **__):\n    {body}\n"
        f"class Held({name}): pass\nvalue = Held({held})\nclass Traps:\n{traps}"
        "for name, function in vars(Traps).items():\n"
        "    if function is trap: setattr(Held, name, trap)"
    )
    assert made.status == "ok"
    assert shell.run_cell("value").status == "ok"
    assert shown.of("result")[-1]["text/plain"] == text
    assert shell.run_cell("[value]").status == "ok"
    assert shown.of("result")[-1]["text/plain"] == f"[{text}]"


HOSTILE = {
    "its repr raises what no except catches": (
        "class V:\n    def __repr__(self): raise type('Odd', (BaseException,), {})",
        "<V: its repr raised Odd>",
    ),
    "its repr raises an endless message": (
        "class E(Exception):\n    def __str__(self):\n        while True: pass\n"
        "class V:\n    def __repr__(self): raise E",
        "its repr raised E: (its text cannot be made",
    ),
    "its repr is a hostile str": (
        "class S(str):\n    def __len__(self): raise SystemExit\n    __getitem__ = __len__\n"
        "class V:\n    def __repr__(self): return S('fine')",
        "fine",
    ),
    "its class hides everything": (
        "class M(type):\n    def __getattribute__(cls, name): raise SystemExit(name)\n"
        "    __hash__ = __eq__ = __instancecheck__ = __getattribute__\n"
        "class V(metaclass=M): pass",
        "V object at",
    ),
    "its class says it is another": (
        "class V:\n    __class__ = property(lambda self: 1 / 0)\n"
        "    def __repr__(self): return 'V'",
        "V",
    ),
    "every attribute raises": (
        "class V:\n    def __getattribute__(self, name): raise SystemExit(name)",
        "V object at",
    ),
    "every attribute exists": (
        "class V:\n    def __getattr__(self, name): return lambda *_, **__: 1 / 0\n"
        "    def __repr__(self): return 'V'",
        "V",
    ),
    "it prints itself for ever": (
        "class V:\n    def _repr_pretty_(self, printer, cycle):\n        printer.pretty(V())",
        "recurses too deeply",
    ),
    "it prints too much": (
        "class V:\n    def _repr_pretty_(self, printer, cycle):\n"
        "        while True: printer.text('x' * 1000)",
        "and was given up",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_value_is_shown_as_text(shell: Shell, shown: Any, what: str) -> None:
    """The cell ends well, with a text of some kind, and the value is in Out."""
    source, told = HOSTILE[what]
    shell.settings.set("maximum_display_seconds", 1)
    assert shell.run_cell(source).status == "ok"
    assert shell.run_cell("V()").status == "ok"
    assert told in shown.of("result")[-1]["text/plain"]
    assert type(shell.namespace["_2"]) is shell.namespace["V"]
    shell.run_cell("V")
    assert shown.of("result")[-1]["text/plain"]
    shell.run_cell("{'v': [V()]}")
    assert len(shown.of("result")) == 3


def test_memory_is_bounded_as_well_as_time(shell: Shell, shown: Any) -> None:
    """A rendering that only grows is given up by what it has taken."""
    shell.settings.set("maximum_display_seconds", 0)
    shell.settings.set("maximum_display_growth", 50_000_000)
    shell.run_cell(
        "class V:\n    def __repr__(self):\n        held = []\n"
        "        while True:\n            try: held.append(bytearray(1_000_000))\n"
        "            except Exception: pass"
    )
    assert shell.run_cell("V()").status == "ok"
    assert "took more than 50,000,000 bytes" in shown.of("result")[-1]["text/plain"]


def test_a_large_text_is_cut_before_its_repr_is_made(shell: Shell, shown: Any) -> None:
    """Strings and bytes, alone and inside."""
    shell.settings.set("maximum_display_growth", 100_000_000)
    for source in ("'x' * 10**8", "b'x' * 10**8", "[bytearray(10**8)]", "{'k': '\\0' * 10**8}"):
        assert shell.run_cell(source).status == "ok"
        assert len(shown.of("result")[-1]["text/plain"]) < 1_000_000
        assert "…" in shown.of("result")[-1]["text/plain"]
        shell.run_cell(f"del _{shell.execution_count - 1}")


def test_views_and_deques_are_cut_by_their_number(shell: Shell, shown: Any) -> None:
    """Without a text of all they hold."""
    shell.run_cell("import collections\nlarge = dict.fromkeys(range(10**6))")
    for source in ("large.keys()", "large.items()", "collections.deque(large)", "large"):
        shell.run_cell(source)
        text = shown.of("result")[-1]["text/plain"]
        assert "..." in text
        assert len(text) < 100_000


def test_what_changes_while_it_is_printed_says_so(shell: Shell, shown: Any) -> None:
    """A dict or a set that its own members add to; a list that grows for ever ends too."""
    shell.run_cell(
        "class Adds:\n    def __init__(self, add): self.add = add\n"
        "    def __repr__(self): self.add(self); return 'Adds'\n"
        "d = {}; d[0] = Adds(lambda _: d.update({len(d): 1})); d[1] = 1\n"
        "s = set(); s |= {Adds(lambda _: s.add(Adds(None))), 1}\n"
        "l = []; l.append(Adds(l.append))"
    )
    for source, told in (("d", "it changes while"), ("s", "it changes while"), ("l", "...")):
        assert shell.run_cell(source).status == "ok"
        assert told in shown.of("result")[-1]["text/plain"], source


@pytest.mark.parametrize(
    "method",
    [
        "__repr__(self)",
        "_repr_html_(self)",
        "_repr_mimebundle_(self, **_)",
        "_ipython_display_(self)",
    ],
)
def test_an_interrupt_ends_a_rendering(shell: Shell, shown: Any, method: str) -> None:
    """As it ends any code of the user's; the value is kept."""
    shell.namespace["interrupt"] = lambda: handle(shell, sys._getframe(1))
    shell.run_cell(
        f"class V:\n    def {method}:\n        try:\n            while True: interrupt()\n"
        "        except Exception: pass"
    )
    result = shell.run_cell("V()")
    assert result.status == "error"
    assert shown.of("error")[-1].name == "KeyboardInterrupt"
    assert type(shell.run_cell("Out[2]; _2").value) is shell.namespace["V"]


@pytest.mark.parametrize(
    ("method", "made", "told"),
    [
        ("_repr_html_", "3", "text/html of V is left out: it is to be a str"),
        ("_repr_png_", "['no bytes']", "image/png of V is left out: it is to be bytes"),
        ("_repr_html_", "'x' * 200_000_000", "more than can be shown"),
        ("_repr_json_", "ring", "contains itself"),
        ("_repr_mimebundle_", "{'text/html': 3, 'text/plain': 'fine'}", "text/html of V"),
        ("_repr_json_", "{'k': Trap()}", "application/json of V could not be made: LookupError"),
    ],
)
def test_a_rendering_that_does_not_fit_its_type_is_left_out(
    shell: Shell, shown: Any, capsys: Any, method: str, made: str, told: str
) -> None:
    """It is said, and the value's text is shown."""
    shell.run_cell(
        "ring = {}; ring['ring'] = [ring]\n"
        "class Trap:\n    def __repr__(self): raise LookupError('sprung')\n"
        f"class V:\n    def {method}(self, **_): return {made}\n"
        "    def __repr__(self): return 'fine'"
    )
    assert shell.run_cell("V()").status == "ok"
    assert shown.of("result")[-1] == {"text/plain": "fine"}
    assert told in capsys.readouterr().err


def test_json_is_plain_data_whatever_it_was_made_of(shell: Shell, shown: Any) -> None:
    """Subclasses become what they are; what is no JSON becomes its text."""
    shell.run_cell(
        "import enum, collections\nclass N(enum.IntEnum):\n    ONE = 1\n"
        "class V:\n    def _repr_json_(self):\n"
        "        return collections.OrderedDict(a=(N.ONE, 2.5, None), b={3: True}, c=2j)"
    )
    shell.run_cell("V()")
    made = shown.of("result")[-1]["application/json"]
    assert made == {"a": [1, 2.5, None], "b": {"3": True}, "c": "2j"}
    assert (type(made), type(made["a"][0])) == (dict, int)
