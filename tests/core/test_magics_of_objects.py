"""Magics that tell of objects and variables: pinfo and its kin, psearch, who, whos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell

MODULE = '''"""A module of shapes."""


class Room:
    """A room with a floor."""

    def __init__(self, width, height=3):
        """Measured in metres."""
        self.width, self.height = width, height

    def area(self):
        """Square metres."""
        return self.width * self.height


def area_error(rooms):
    return rooms[0].area()
'''


@pytest.fixture
def rooms(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of the user's, imported with all its names."""
    path = tmp_path / "rooms_of_a_test.py"
    path.write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    shell.run_cell("import rooms_of_a_test\nfrom rooms_of_a_test import *\nhall = Room(5)")
    return path


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("%pinfo hall.area", ["Signature:    area()", "Type:         method", "Square metres."]),
        ("%pinfo2 area_error", ["Source:\ndef area_error(rooms):\n    return rooms[0].area()"]),
        ("%pdoc Room", ["A room with a floor.\n\nMeasured in metres."]),
        ("%pdoc hall.area", ["Square metres."]),
        ("%pdef Room", ["Room(width, height=3)"]),
        ("%pdef area_error", ["area_error(rooms)"]),
        ("%psource hall.area", ["def area(self):", "return self.width * self.height"]),
        ("%pfile Room", ["rooms_of_a_test.py", '"""A module of shapes."""']),
        ("Room?", ["Signature:    Room(width, height=3)", "Init docstring:\nMeasured in metres."]),
        ("?hall", ["Type:         rooms_of_a_test.Room", "Docstring:\nA room with a floor."]),
        ("rooms_of_a_test??", ["Source:\n" + MODULE.strip()]),
    ],
)
def test_what_is_known_of_an_object_is_shown(
    shell: Shell, shown: Any, rooms: Path, cell: str, wanted: list[str]
) -> None:
    """%pinfo, %pinfo2, %pdoc, %pdef, %psource, %pfile, and question marks, in the pager."""
    assert shell.run_cell(cell).status == "ok"
    page = shown.of("page")[-1]
    for text in wanted:
        assert text in page


FRAME = """
class Frame:
    def __getattr__(self, name):
        if name == "column":
            return [1, 2, 3]
        raise AttributeError(name)
    def __getitem__(self, key):
        return {"key": "an item"}[key]
    @property
    def answer(self):
        return 42
    @property
    def broken(self):
        raise ZeroDivisionError
frame = Frame()
"""


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("frame.column?", ["Type:         list", "Length:       3"]),
        ("frame.column.append?", ["Type:         builtin_function_or_method"]),
        ("frame.answer?", ["Type:         int", "String form:  42"]),
        ("frame['key']?", ["Type:         str", "an item"]),
    ],
)
def test_a_cell_that_asks_has_what_the_users_code_gives(
    shell: Shell, shown: Any, cell: str, wanted: list[str]
) -> None:
    """A column of a frame is an attribute of its ``__getattr__``; a property has its value."""
    shell.run_cell(FRAME)
    assert shell.run_cell(cell).status == "ok"
    text = shown.of("page")[-1]
    assert [part for part in wanted if part not in text] == []


@pytest.mark.parametrize("name", ["frame.nothing", "frame['none']", "frame.broken", "frame.f()"])
def test_what_the_users_code_does_not_give_is_not_called_so(shell: Shell, name: str) -> None:
    """Whatever that raises; and nothing is called."""
    shell.run_cell(FRAME)
    result = shell.run_cell(f"%pinfo {name}")
    assert f"Nothing is called {name} here" in str(result.error)
    assert shell.inspect("frame.answer") is None  # who may not run the user's code does not


@pytest.mark.parametrize("name", ["pinfo", "pinfo2", "pdoc", "pdef", "psource", "pfile"])
def test_a_name_that_is_not_there_is_told_with_the_nearest(
    shell: Shell, shown: Any, rooms: Path, name: str
) -> None:
    """One sentence, and nothing else."""
    assert shell.run_cell(f"%{name} hal").status == "error"
    assert shown.of("error")[-1].text() == "UsageError: Nothing is called hal here. " + (
        "Did you mean hall?"
    )


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("*area*?", ["area_error"]),
        ("hall.*?", ["hall.area", "hall.height", "hall.width"]),
        ("%psearch rooms_*.*oo*", ["rooms_of_a_test.Room"]),
        ("%psearch hall.wi?th", ["hall.width"]),
        ("%psearch r*m", []),
        ("%psearch -i r*m", ["Room"]),
        ("%psearch -i -c r*m", []),
        ("%psearch * Room", ["hall"]),
        ("%psearch Roo* class", ["Room"]),
        ("%psearch *err* function", ["area_error"]),
        ("%psearch -e builtin R*", ["Room"]),
        ("%psearch -e user Index*", ["IndexError"]),
        ("%psearch -a hall.__ini*", ["hall.__init__", "hall.__init_subclass__"]),
        ("%psearch -s magic -e builtin -e user psea*", ["psearch"]),
        ("%psearch -s alias -e builtin rmd*", ["rmdir"]),
    ],
)
def test_names_are_found_by_wildcard(
    shell: Shell, shown: Any, rooms: Path, cell: str, names: list[str]
) -> None:
    """Dotted patterns, case, private names, types, and where to look."""
    assert shell.run_cell(cell).status == "ok"
    page = shown.of("page")[-1]
    assert page.split("\n") == names or (not names and page.startswith("No name matches"))


def test_psearch_lists_the_types_that_there_are(shell: Shell, shown: Any, rooms: Path) -> None:
    """%psearch -l; a place that it does not know is told with those that it does."""
    shell.run_cell("%psearch -l")
    assert {"Room", "function", "module"} <= set(shown.of("page")[-1].split("\n"))
    assert shell.run_cell("%psearch -e nowhere a*").status == "error"
    assert "user, builtin, alias, magic" in shown.of("error")[-1].text()


def test_the_users_variables_are_listed(shell: Shell, capsys: Any) -> None:
    """%who, %who_ls and %whos, of all types or of some; what the shell put there is not shown."""
    shell.run_cell("%who")
    assert capsys.readouterr().out == "There are no variables.\n"
    shell.run_cell("import math\nwidth, name, rows = 3, 'hall', [1, 2]\n_hidden = 1")
    shell.run_cell("%who")
    assert capsys.readouterr().out.split() == ["math", "name", "rows", "width"]
    shell.run_cell("%who int str")
    assert capsys.readouterr().out.split() == ["name", "width"]
    assert shell.run_cell("%who_ls int").value == ["width"]
    shell.run_cell("%whos")
    lines = capsys.readouterr().out.split("\n")
    assert [line.split()[0] for line in lines[2:-1]] == ["math", "name", "rows", "width"]
    assert lines[3].split() == ["name", "str", "'hall'"]
    shell.run_cell("import numpy as np\ntable = np.zeros((2, 3))\n%whos ndarray")
    assert capsys.readouterr().out.split("\n")[2].split(maxsplit=2) == [
        "table",
        "numpy.ndarray",
        "(2, 3) float64",
    ]


def test_an_alias_is_taken_back(shell: Shell, shown: Any) -> None:
    """%unalias; one that is not there is told."""
    shell.run_cell("%alias greet echo hello %s")
    assert shell.run_cell("x = !echo\n%unalias greet").status == "ok"
    assert shell.run_cell("greet you").status == "error"
    shell.run_cell("%unalias greet")
    assert "There is no alias greet" in shown.of("error")[-1].text()


def test_variables_are_forgotten_by_pattern(shell: Shell, shown: Any, capsys: Any) -> None:
    """%reset_selective asks, unless -f; a pattern that cannot be read is told."""
    shell.run_cell("width, height, name = 1, 2, 'a'")
    shown.answers = ["n", "y"]
    shell.run_cell("%reset_selective i.*t")
    assert shown.of("input")[-1] == "Forget width, height (y/[n])? "
    assert shell.run_cell("%who_ls").value == ["height", "name", "width"]
    shell.run_cell("%reset_selective ^h")
    assert shell.run_cell("%who_ls").value == ["name", "width"]
    shell.run_cell("%reset_selective -f ^w")
    assert shell.run_cell("%who_ls").value == ["name"]
    shell.run_cell("%reset_selective (")
    assert "( is no regular expression" in shown.of("error")[-1].text()
    shell.run_cell("%reset_selective -f nothing")
    assert "No variable matches nothing." in capsys.readouterr().out
