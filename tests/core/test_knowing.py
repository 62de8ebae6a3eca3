"""Completion, inspection, history, display: and that looking runs no user code."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.core import History, Shell
from vivo.core.pretty import pretty
from vivo.core.safe import UNKNOWN, attribute, attribute_names, evaluate, safe_repr, summary

TRAPPED = """
class Trapped:
    hits = []
    def __getattr__(self, name): Trapped.hits.append(name); raise RuntimeError("ran")
    @property
    def prop(self): Trapped.hits.append("prop")
    @property
    def __class__(self): Trapped.hits.append("class"); return int
    def __repr__(self): Trapped.hits.append("repr"); return "x"
    def __dir__(self): Trapped.hits.append("dir"); return []
    def __eq__(self, other): Trapped.hits.append("eq"); return True
    def __hash__(self): Trapped.hits.append("hash"); return 1
    def __len__(self): Trapped.hits.append("len"); return 1
    def __iter__(self): Trapped.hits.append("iter"); return iter(())
    def __getitem__(self, key): Trapped.hits.append("getitem"); return 1
    def method(self, default=None): ...
trap = Trapped()
trap.__dict__["own"] = 5
holder = [trap, {"key": trap}]
def f(a, b=trap, *, c: trap = 3): ...
"""


def texts(shell: Shell, code: str) -> list[str]:
    return [item.text for item in shell.complete(code).items]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("vari", "variable"),
        ("text.upp", "upper"),
        ("table['fi", "'first'"),
        ('table["fi', '"first"'),
        ("nested['a'].ap", "append"),
        ("import js", "json"),
        ("from os import pat", "path"),
        ("call(al", "alpha="),
        ("x = call(1, al", "alpha="),
        ("%ru", "%run"),
        ("%run -", "-i"),
        ("%%ba", "%%bash"),
        ("wh", "while"),
        ("pri", "print"),
        ("\\alpha", "α"),
        ("!pytho", "python3"),
        ("def f():\n    vari", "variable"),
    ],
)
def test_completion_knows_what_there_is(shell: Shell, code: str, expected: str) -> None:
    """Names, attributes, keys, modules, arguments, magics, symbols, commands."""
    shell.run_cell(
        "variable = 1; text = ''; table = {'first': 1}; nested = {'a': []}\n"
        "def call(x, alpha=2): ..."
    )
    assert expected in texts(shell, code)


def test_private_names_come_on_demand(shell: Shell) -> None:
    """Own names before dunders, and those only after an underscore."""
    shell.run_cell("class A:\n    own = 1\n    _private = 2\na = A()")
    assert texts(shell, "a.") == ["own"]
    after = texts(shell, "a._")
    assert after[0] == "_private"
    assert "__class__" in after


def test_files_are_completed_in_strings_and_after_magics(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders end in a slash."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.csv").touch()
    monkeypatch.chdir(tmp_path)
    assert texts(shell, "open('data/o") == ["data/one.csv"]
    assert texts(shell, "%cd da") == ["data/"]


def test_a_large_namespace_completes_quickly_enough(shell: Shell) -> None:
    """A hundred thousand names cost no call each; the figure is in the benchmarks."""
    names = {f"name_{number}": number for number in range(100_000)}
    shell.namespace.update(names)
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        found = shell.complete("name_9999")
    finally:
        sys.setprofile(None)
    assert {item.text for item in found.items} == {n for n in names if n.startswith("name_9999")}
    assert calls < len(names) / 10


def test_looking_runs_no_user_code(shell: Shell) -> None:
    """Completion and inspection of booby-trapped objects spring nothing."""
    shell.run_cell(TRAPPED)
    hits = shell.namespace["Trapped"].hits
    assert "own" in texts(shell, "trap.")
    assert "method" in texts(shell, "holder[0].me")
    texts(shell, "holder[1]['key'].me")
    texts(shell, "f(")
    for name in ("trap", "trap.prop", "trap.own", "trap.method", "holder[0]", "f", "Trapped"):
        told = shell.inspect(name, 1)
        assert told is None or told.text()
    assert summary(shell.namespace["trap"])["type"].endswith("Trapped")
    assert safe_repr(shell.namespace["holder"])
    assert hits == []


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.binary() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=30,
    )
)
def test_bounded_texts_of_plain_data(value: Any) -> None:
    """Never longer than asked, and equal to repr where there is room."""
    assert len(safe_repr(value, 50)) <= 50
    assert eval(pretty(value, width=10_000), {"nan": 0, "inf": 0}) is not ...


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_completion_or_evaluation_raise(text: str) -> None:
    """What is typed is rarely a whole program."""
    made = Shell()
    try:
        made.namespace["a"] = {"b": [1]}
        made.complete(text)
        evaluate(text, made.namespace)
    finally:
        made.close()


def test_static_lookups() -> None:
    """Slots and C getters are read, properties are not."""

    class Slotted:
        __slots__ = ("x",)

        @property
        def computed(self) -> int:
            raise AssertionError("ran")

    value = Slotted()
    value.x = 3
    assert attribute(value, "x") == 3
    assert attribute(value, "computed") is UNKNOWN
    assert {"x", "computed"} <= attribute_names(value)


def test_inspection_has_the_papers_fields(shell: Shell, shown: Any) -> None:
    """Figure 5: Type, String form, Namespace, File, Length, Docstring, Source."""
    shell.run_cell(
        "def deep(thought=42):\n    '''The answer.'''\n    return thought\nlist_ = [1, 2]",
        filename="/w/universe.py",
    )
    shell.run_cell("deep?")
    page = shown.of("page")[-1]
    for line in (
        "Signature:    deep(thought=42)",
        "Type:         function",
        "Namespace:    Interactive",
    ):
        assert line in page
    assert "File:         /w/universe.py" in page
    assert page.endswith("The answer.")
    shell.run_cell("deep??")
    assert "return thought" in shown.of("page")[-1]
    shell.run_cell("list_?")
    assert "Length:       2" in shown.of("page")[-1]
    assert "String form:  [1, 2]" in shown.of("page")[-1]
    shell.run_cell("*ist_?")
    assert shown.of("page")[-1] == "list_"


# --- History ---------------------------------------------------------------------------------


def test_history_is_kept_across_sessions(tmp_path: Path) -> None:
    """Ranges, globs, the tail; transformed input where it differs."""
    path = tmp_path / "history.sqlite"
    first = History(path)
    for number, source in enumerate(("x = 1", "%time x", "y = 2"), 1):
        first.add(number, source, source.replace("%time x", "magic()"))
    first.close()
    second = History(path)
    second.add(1, "x = 3")
    assert [e.source for e in second.ranges("~1/1-2 1")] == ["x = 1", "%time x", "x = 3"]
    assert [e.source for e in second.ranges("~1/2-")] == ["%time x", "y = 2"]
    assert [e.source for e in second.search("x = *")] == ["x = 1", "x = 3"]
    assert [e.source for e in second.tail(2)] == ["y = 2", "x = 3"]
    assert second.ranges("~1/2")[0].transformed == "magic()"
    second.close()


WRITER = """
import sys
from vivo.core import History
history = History(sys.argv[1])
for number in range(1, 201):
    history.add(number, f"{sys.argv[2]} {number}")
history.close()
"""


def test_two_sessions_writing_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two processes, one file, two hundred inputs each."""
    path = str(tmp_path / "history.sqlite")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, name], cwd=tmp_path) for name in "ab"
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    history = History(path)
    assert len(history.search("a *")) == len(history.search("b *")) == 200
    history.close()


def test_a_damaged_history_is_set_aside(tmp_path: Path) -> None:
    """One sentence, the old file kept, the session goes on."""
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"this is no database at all" * 100)
    told: list[str] = []
    history = History(path, report=told.append)
    history.add(1, "x = 1")
    assert [e.source for e in history.tail(5)] == ["x = 1"]
    assert len(told) == 1
    assert "was damaged" in told[0]
    assert len(list(tmp_path.glob("history-damaged-*.sqlite"))) == 1
    history.close()


def test_a_locked_history_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session keeps its inputs in memory and says so."""
    monkeypatch.setattr("vivo.core.history._BUSY_SECONDS", 0.05)
    path = tmp_path / "history.sqlite"
    History(path).close()
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("CREATE TABLE t (x)")
    blocker.execute("BEGIN EXCLUSIVE")
    told: list[str] = []
    history = History(path, report=told.append)
    history.add(1, "x = 1")
    assert [e.source for e in history.tail(5)] == ["x = 1"]
    assert "cannot be used" in told[0]
    history.close()
    blocker.close()


# --- Display ---------------------------------------------------------------------------------


def test_a_types_own_renderings_are_shown(shell: Shell, shown: Any) -> None:
    """_repr_*_, _repr_mimebundle_, _ipython_display_, and registration by a deferred name."""
    shell.run_cell(
        "class H:\n    def _repr_html_(self): return '<b>x</b>'\n"
        "class B:\n    def _repr_mimebundle_(self, include=None, exclude=None): return {'a/b': 1}\n"
        "class D:\n    def _ipython_display_(self): print('itself')"
    )
    shell.run_cell("H()")
    assert shown.of("result")[-1]["text/html"] == "<b>x</b>"
    shell.run_cell("B()")
    assert shown.of("result")[-1]["a/b"] == 1
    count = len(shown.of("result"))
    shell.run_cell("D()")
    assert len(shown.of("result")) == count
    shell.formatters.register("text/html", "decimal.Decimal", lambda value: f"<i>{value}</i>")
    shell.run_cell("import decimal; decimal.Decimal(3)")
    assert shown.of("result")[-1]["text/html"] == "<i>3</i>"


def test_displays_and_their_updates(shell: Shell, shown: Any) -> None:
    """display() gives a handle; classes say what a text is."""
    shell.run_cell(
        "from vivo.core import HTML, Markdown, clear_output\n"
        "h = display(HTML('<p>'), display_id=True)\nh.update(Markdown('*x*'))\nclear_output()"
    )
    kinds = [kind for kind, _ in shown.shown]
    assert kinds == ["display", "update", "clear"]
    assert shown.of("display")[0]["text/html"] == "<p>"
    assert shown.of("update")[0]["text/markdown"] == "*x*"


HOSTILE = [
    "def __repr__(self): raise ValueError('no')",
    "def __repr__(self): return 3",
    "def __repr__(self): return repr(self)",
    "def __repr__(self): return 'x' * 10_000_000",
    "def _repr_html_(self): raise ValueError('no')",
    "def __getattr__(self, name): return lambda *a, **k: 'anything'",
]


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_values_are_shown_and_bounded(shell: Shell, shown: Any, body: str) -> None:
    """The cell ends well, and says what could not be made."""
    shell.run_cell(f"class A:\n    {body}")
    assert shell.run_cell("A()").status == "ok"
    assert len(shown.of("result")[-1]["text/plain"]) < 300_000
    assert shell.run_cell("[A()] * 3").status == "ok"


def test_pretty_printing_is_bounded() -> None:
    """Deep, long and self-referencing structures end."""
    loop: list[Any] = [1]
    loop.append(loop)
    assert pretty(loop) == "[1, [...]]"
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert len(pretty(deep)) < 10_000
    assert pretty(list(range(100_000))).endswith("...]")
    assert pretty({"key": list(range(40))}).count("\n") > 3


def test_figures_are_shown_when_their_cell_ends(shell: Shell, shown: Any) -> None:
    """By our own backend: once, as PNG, and closed; retina and SVG by setting."""
    from vivo.core import figures

    shell.settings.set("inline_figures", True)
    figures.install(shell.formatters)
    shell.run_cell("import matplotlib; matplotlib.use('module://vivo.core.inline_backend')")
    shell.run_cell("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2]);")
    assert len(shown.of("display")) == 1
    assert shown.of("display")[0]["image/png"].startswith(b"\x89PNG")
    assert shell.run_cell("plt.get_fignums()").value == []
    shell.run_cell("fig")
    assert shown.of("result")[-1]["image/png"].startswith(b"\x89PNG")
    shell.settings.set("figure_formats", ("svg",))
    shell.run_cell("plt.plot([1]); plt.show(); print('after')")
    assert "<svg" in shown.of("display")[-1]["image/svg+xml"]


def test_slices_of_sequences_and_items_of_arrays_are_completed(shell: Shell) -> None:
    """The class of the item is known without taking it; of an object array's it is not."""
    shell.run_cell(
        "import numpy as np\nwords = ['a', 'b']\nplane = np.zeros((2, 3))\nline = plane[0]"
    )
    shell.run_cell("objects = np.array([None, print], dtype=object)")

    def texts(code: str) -> list[str]:
        return [item.text for item in shell.complete(code, len(code)).items]

    assert texts("words[1:].app") == ["append"]
    assert texts("plane[0].tras") == []
    assert texts("plane[0].transp") == ["transpose"]
    assert texts("line[0].is_int") == ["is_integer"]
    assert texts("objects[1].__call") == []


def test_an_inspected_table_has_its_first_rows() -> None:
    """What has rows and columns is told with them; what has not, without."""
    shell = Shell()
    shell.run_cell("rows = [{'city': 'Oslo', 'degrees': -4.3}] * 20; number = 1")
    told = shell.inspect("rows")
    assert told is not None
    assert told.preview is not None
    assert "city" in told.preview.splitlines()[0]
    assert told.preview.count("Oslo") == 10
    other = shell.inspect("number")
    assert other is not None
    assert other.preview is None
