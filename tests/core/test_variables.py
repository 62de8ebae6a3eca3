"""The list of variables as the core makes it, without a session."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from vivo.core import Shell
from vivo.core.assigned_names import assigned_names
from vivo.core.value_facts import facts_of
from vivo.core.variables import VariableList

MANY = 100_000


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


def cell(shell: Shell, source: str) -> None:
    shell.mark_cell(source)
    assert shell.run_cell(source).status == "ok"


def test_listing_runs_no_user_code(shell: Shell) -> None:
    """Properties, lengths, representations, metaclasses, keys with an equality: none is asked."""
    cell(
        shell,
        "ran = []\n"
        "def trap(*a, **k): ran.append(1); raise ZeroDivisionError\n"
        "class Meta(type):\n"
        "    __hash__ = __eq__ = __repr__ = __getattribute__ = __instancecheck__ = trap\n"
        "class Trap(metaclass=Meta):\n"
        "    __len__ = __repr__ = __str__ = __getattr__ = __getattribute__ = __dir__ = trap\n"
        "    __sizeof__ = __iter__ = __eq__ = __hash__ = __bool__ = __format__ = trap\n"
        "    shape = dtype = nbytes = size = __class__ = property(trap)\n"
        "class Words(str): __eq__ = __hash__ = __len__ = trap\n"
        "class Items(list): __len__ = __iter__ = __getitem__ = trap\n"
        "class Key:\n"
        "    def __hash__(self): return 7\n"
        "    __eq__ = trap\n"
        "import numpy\n"
        "class Array(numpy.ndarray): shape = dtype = nbytes = __len__ = property(trap)\n"
        "t, w, i, a = object.__new__(Trap), str.__new__(Words, 'w'), Items([1]), "
        "numpy.zeros((2, 3)).view(Array)\n"
        "held = [t, w, i, a]\n"
        "globals()[Key()] = 1",
    )
    for sort in ("name", "type", "size", "definition"):
        rows, total = shell.variables.page(sort=sort)
        assert total == len(rows)
    found = {row["name"]: row for row in rows}
    assert (found["a"]["shape"], found["a"]["size"]) == ((2, 3), 48)
    for name in ("t", "w", "i", "a", "held"):
        shell.variables.children([name])
    cell(shell, "for name in list(globals()):\n    if type(name) is Key: del globals()[name]")
    shell.variables.page()
    assert shell.namespace["ran"] == []


def test_a_hundred_thousand_names_are_paged(shell: Shell) -> None:
    """Any page, by any order, forwards and backwards; new and deleted names are seen."""
    held: dict[str, Any] = {f"v{number:06}": number for number in range(MANY)}
    shell.namespace.update(held)
    variables = shell.variables
    rows, total = variables.page(start=50_000, count=3)
    assert (names(rows), total) == (["v050000", "v050001", "v050002"], MANY)
    assert names(variables.page(count=2, descending=True)[0]) == ["v099999", "v099998"]
    shell.namespace["a_list"] = list(range(1000))
    assert names(variables.page(count=1)[0]) == ["a_list"]
    assert names(variables.page(count=1, sort="size", descending=True)[0]) == ["a_list"]
    assert names(variables.page(start=MANY, count=5, sort="type")[0]) == ["a_list"]
    del shell.namespace["v000000"]
    assert names(variables.page(start=1, count=1)[0]) == ["v000001"]
    assert variables.page(filter="V09999")[1] == 10
    assert names(variables.page(filter="v?9999?", count=1)[0]) == ["v099990"]
    assert variables.page(start=-5, count=10**9)[1] == MANY


def test_a_page_looks_at_its_own_values_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page costs does not grow with the names that there are."""
    shell.namespace.update({f"v{number}": number for number in range(5000)})
    module = sys.modules[VariableList.__module__]
    looked: list[object] = []
    monkeypatch.setattr(module, "facts_of", lambda value: looked.append(value) or facts_of(value))
    shell.variables.page(start=100, count=20)
    shell.variables.page(start=200, count=20, sort="type")
    assert len(looked) == 40


def test_what_a_cell_makes_is_told_from_what_was_there(shell: Shell) -> None:
    """New names, also where older ones were deleted, and by what nobody sees in the text."""
    cell(shell, "a = b = c = 1")
    shell.variables.page()
    cell(shell, "pass")
    cell(shell, "del c\nglobals().update(d=1)\nexec('e = 2')\nb = 5")
    rows, _ = shell.variables.page()
    assert {row["name"] for row in rows if row["changed"]} == {"b", "d", "e"}
    rows, _ = shell.variables.page()
    assert {row["name"] for row in rows if row["changed"]} == {"b", "d", "e"}
    cell(shell, "1 + 1")
    rows, _ = shell.variables.page()
    assert not any(row["changed"] for row in rows)


@pytest.mark.parametrize(
    ("source", "bound", "inside"),
    [
        ("import a.b, c as d\nfrom e import f", "a d f", ""),
        ("for x, *y in z:\n    with q as w: pass", "x y w", ""),
        ("def f():\n    inner = 1\nclass C: attribute = 2", "f C", ""),
        ("m[0] = 1\nn.a.b += 2\ndel o['k']", "", "m n o"),
        ("(p := 3)\ntry: pass\nexcept E as r: pass", "p r", ""),
        ("%time x = 1\ny = !ls\nz == 2", "y", ""),
    ],
)
def test_the_names_that_a_text_assigns(source: str, bound: str, inside: str) -> None:
    """On its top level; text that is not Python too, as far as lines show it."""
    assert assigned_names(source) == (frozenset(bound.split()), frozenset(inside.split()))


def test_a_value_on_one_line_whatever_its_size() -> None:
    """Long texts, huge arrays, numpy's scalars."""
    import numpy

    huge = numpy.broadcast_to(numpy.float32(1.5), (10**6, 10**6))
    facts = facts_of(huge)
    assert (facts.shape, facts.dtype, facts.size) == ((10**6, 10**6), "float32", 4 * 10**12)
    assert facts.text == "<numpy.ndarray 1000000×1000000 float32: 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, …>"
    assert facts_of(numpy.int64(7)).text == "7"
    text = facts_of("line\n" * 10**6)
    assert (text.length, len(text.text) <= 120, "\n" in text.text) == (5 * 10**6, True, False)
