"""The pure parts of the language features."""

from __future__ import annotations

import builtins
import itertools
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.core.completion_words import command_in_comment
from vivo.parallel.messages import RunRecord
from vivo.server.analysis.environments import environment_of
from vivo.server.analysis.plain_python import plain_python
from vivo.server.analysis.structure import folding, selections, symbols, tokens
from vivo.server.calls import active_parameter, call_at, code_before, parameters_of
from vivo.server.completion_place import place_of
from vivo.server.magic_words import magic_at
from vivo.server.name_tokens import global_names
from vivo.server.run_places import block_of, defines, find_block, find_heading
from vivo.server.scopes import is_global
from vivo.server.source_links import source_links

TEXTS = st.text("abf(),.[]{}'\"# \n=%!:\\😀\t", max_size=200)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("np.li", "attribute"), ("x = np.linalg.", "attribute"), ("val", "name"),
        ("f(a, b", "name"),
        ("d['", "key"), ('d["ab', "key"), ("d[", "key"), ("import nu", "import"),
        ("from os import pa", "import"), ("%ti", "command"), ("%timeit -", "command"),
        ("%time np.li", "attribute"), ("%time va", "name"), ("!ls ", "command"),
        ("files = !l", "command"), ("open('da", "string"), ("x = 1  # som", "comment"),
        ("# %time np.li", "attribute"), ("# !l", "command"), ("# %", "comment"),
        ("# %% titl", "comment"), ("# %ti", "command"), ("a % b", "name"), ("'#' + va", "name"),
        ("1.", "attribute"),
    ],
)  # fmt: skip
def test_what_is_completed(line: str, kind: str) -> None:
    """It decides whether the session alone is asked, or the analysis too."""
    assert place_of(line).kind == kind


@given(TEXTS)
def test_what_is_completed_is_told_of_any_text(text: str) -> None:
    """Also of half of a line."""
    assert place_of(text).kind
    command_in_comment(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("%time f(x)", "_   = f(x)"),
        ("%timeit -n 3 f(x)", "_     =      f(x)"),
        ("  %matplotlib inline", "  #matplotlib inline"),
        ("!ls *.py", "#ls *.py"),
        ("files = !ls", "files = 0  "),
        ("x = %env HOME", "x = 0        "),
        ("x?", "#?"),
        ("a % b", "a % b"),
        ("# %time x", "# %time x"),
        ("%%bash\nfor i in 1\n# %%\nx = 1", "#%bash\n#or i in 1\n# %%\nx = 1"),
        ("%%time\nx = 1", "#%time\nx = 1"),
    ],
)
def test_what_is_no_python_is_covered(text: str, plain: str) -> None:
    """And everything else stays where it is."""
    assert plain_python(text) == plain


@given(TEXTS, st.integers(0, 5))
def test_covering_moves_nothing(text: str, line: int) -> None:
    """Each line keeps its length, so that positions stay."""
    before, after = text.split("\n"), plain_python(text, line=line).split("\n")
    assert [len(each) for each in before] == [len(each) for each in after]


@pytest.mark.parametrize(
    ("text", "callee", "arguments", "keyword"),
    [
        ("f(", "f", 0, None),
        ("f(1, ", "f", 1, None),
        ("f(g(1, 2), [3, 4", "f", 1, None),
        ("f(g(1, ", "g", 1, None),
        ("a.b . c(x, y=", "a.b.c", 1, "y"),
        ("f(')', \"(\", ", "f", 2, None),
        ("f(1,  # (\n  2, ", "f", 2, None),
        ("d['k, ('](1", "d['k, (']", 0, None),
        ("f((1, 2", "f", 0, None),
        ("f({'a': 1, ", "f", 0, None),
        ("f(x == ", "f", 0, None),
        ("f('''a,\n(b''', ", "f", 1, None),
    ],
)
def test_the_call_around_a_place(text: str, callee: str, arguments: int, keyword: str) -> None:
    """Strings, comments and other brackets do not count."""
    lines = text.split("\n")
    call = call_at(text, len(lines) - 1, len(lines[-1]))
    assert call is not None
    assert (call.callee, call.arguments, call.keyword) == (callee, arguments, keyword)


@pytest.mark.parametrize("text", ["def f(a, ", "class A(", "(1, ", "x = [1, ", "f(1) ", "if (a, "])
def test_no_call_around_a_place(text: str) -> None:
    """A definition's brackets are none, nor are those of an expression."""
    assert call_at(text, 0, len(text)) is None


@given(TEXTS)
def test_any_text_is_searched_for_calls(text: str) -> None:
    """And blanking strings keeps each position."""
    assert len(code_before(text)) == len(text)
    lines = text.split("\n")
    call_at(text, len(lines) - 1, len(lines[-1]))


def test_the_parameter_that_is_typed() -> None:
    """By position, by keyword, of the rest; after a star none by position."""
    signature = "f(a, /, b: 'x, y' = (1, 2), *, key=<object at 0x1>, **more) -> int"
    parameters = parameters_of(signature)
    assert parameters.names == ["a", "/", "b", "*", "key", "**more"]
    calls = {text: call_at(text, 0, len(text)) for text in
             ("f(", "f(1, ", "f(1, 2, ", "f(key=", "f(other=")}  # fmt: skip
    found = [active_parameter(parameters, call) for call in calls.values() if call is not None]
    assert found == [0, 2, None, 4, 5]


def test_names_that_globals_hold() -> None:
    """The same rules as of a single name; built-in ones only where the text binds them."""
    text = (
        "import os.path as p\nfrom a.b import c\ndef f(x, y=d):\n    z = x.attr\n    global g\n"
        "    g = z\n    return [i for i in h], lambda k: k + m\nclass A(B):\n    n = 1\n    o = n\n"
        "    def q(self):\n        return n\nlen(r)\nprint = 1\nprint\nf(x=s)\n"
    )
    found = [name for _, _, name in global_names(text)]
    assert found == ["p", "c", "f", "d", "g", "g", "h", "m", "A", "B", "n", "r", "print",
                     "print", "f", "s"]  # fmt: skip


SOURCES = st.lists(
    st.sampled_from(
        ["x = y", "def f(x):", "    y = x", "    def g(z=x):", "        return x, y", "class A:",
         "    x = 1", "    z = x", "[x for x in y]", "    global x", "import x", "", "lambda y: x"]
    ),
    max_size=12,
)  # fmt: skip


@given(SOURCES)
def test_all_names_at_once_are_those_one_by_one(lines: list[str]) -> None:
    """The walk over a text and the question about a single name agree."""
    import parso

    text = "\n".join(lines)
    module = parso.parse(text)
    leaf, expected = module.get_first_leaf(), []
    while leaf is not None:
        if leaf.type == "name" and is_global(leaf):
            expected.append((leaf.start_pos[0] - 1, leaf.start_pos[1], leaf.value))
        leaf = leaf.get_next_leaf()
    assert not any(hasattr(builtins, name) for _, _, name in expected)
    assert list(global_names(text)) == expected


def test_where_a_definition_of_a_run_is_now() -> None:
    """By its text, nearest to where it was; by its heading if it was edited."""
    record = RunRecord(id="1", source="x = 1\n@a\ndef f():\n    return 1\n\nclass C:\n    pass")
    block = block_of(record, 1)
    assert block == ["@a", "def f():", "    return 1"]
    assert block_of(record, 5) == ["class C:", "    pass"]
    lines = ["@a", "def f():", "    return 1", "", "if x:", "    @a", "    def f():",
             "        return 1"]  # fmt: skip
    assert find_block(lines, block, 0) == 0
    assert find_block(lines, block, 6) == 5
    assert find_block(lines[1:4], block, 0) is None
    assert find_heading(["def g():", "def f(a):"], block, 0, 9) == 1
    assert find_heading(["def f(a):"], block, 1, 9) is None
    assert (defines(record, "C"), defines(record, "f"), defines(record, "x")) == (5, 2, None)


def test_places_that_a_traceback_names() -> None:
    """Python's way, ours, and ``path:line``; words with colons are none."""
    text = [
        '  File "/a b/c.py", line 12, in f',
        "File /d/e.py:3, in g",
        "see ./f.py:4 and g.py:55, at 10:20 of x.pyc:3",
    ]
    found = [(each.line, each.path, each.target) for each in source_links(text)]
    assert found == [(0, "/a b/c.py", 12), (1, "/d/e.py", 3), (2, "./f.py", 4), (2, "g.py", 55)]
    first = next(source_links(text))
    assert text[0][first.start : first.end] == '/a b/c.py", line 12'


def test_magics_are_found_at_their_names() -> None:
    """Also in a comment and behind an assignment; a modulo is none."""
    text = "%time x\n# %%timeit\nx = %env HOME\na %b"
    names = [magic_at(text, line, column) for line, column in ((0, 2), (1, 4), (2, 6), (3, 3))]
    assert [each.text if each is not None else None for each in names] == [
        "%time", "%%timeit", "%env", None,
    ]  # fmt: skip


def test_the_structure_of_broken_text_is_what_can_be_told() -> None:
    """The other cells are told whole."""
    text = "# %%\ndef f(:\n# %%\nclass A:\n    b = 1\n%magic x\n"
    told = symbols({}, text)
    assert [name for name, *_ in told[1]["symbols"]] == ["A"]
    assert folding({}, text) == [(3, 4, "")]
    assert selections({"positions": [(4, 4)]}, text)[0][0] == [4, 4, 4, 5]
    assert tokens({"lines": (3, 5)}, text) == [[3, 6, "A"]]


@given(TEXTS, st.integers(0, 8), st.integers(0, 8))
def test_the_structure_of_any_text(text: str, line: int, column: int) -> None:
    """Nothing raises, and selections hold one another."""
    symbols({}, text)
    folding({}, text)
    tokens({}, text)
    (ranges,) = selections({"positions": [(line, column)]}, text)
    for inner, outer in itertools.pairwise(ranges):
        assert outer[:2] <= inner[:2]
        assert outer[2:] >= inner[2:]


def test_an_environment_is_read_from_the_disk(tmp_path: Path) -> None:
    """Its own packages, its base's if it says so, folders of ``.pth`` files; nothing is run."""
    base = tmp_path / "base"
    (base / "bin").mkdir(parents=True)
    library = base / "lib" / "python3.12"
    (library / "site-packages").mkdir(parents=True)
    (library / "os.py").write_text("")
    (base / "bin" / "python3.12").write_text("")
    environment = tmp_path / "env"
    packages = environment / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    (environment / "bin").mkdir()
    os.symlink(base / "bin" / "python3.12", environment / "bin" / "python")
    (packages / "import nothing").mkdir()  # what looks like code is no folder
    settings = environment / "pyvenv.cfg"
    settings.write_text(f"home = {base / 'bin'}\nversion = 3.12.1\n")
    (packages / "x.pth").write_text(f"# words\nimport nothing\n{library}\nnot there\n")
    known = environment_of(str(environment / "bin" / "python"))
    assert known.version == (3, 12)
    assert known.folders == (str(library), f"{library}/lib-dynload", str(packages))
    assert (
        str(library / "site-packages") in environment_of(str(base / "bin" / "python3.12")).folders
    )
    environment_of.cache_clear()
    settings.write_text(settings.read_text() + "include-system-site-packages = true\n")
    shared = environment_of(str(environment / "bin" / "python"))
    assert str(library / "site-packages") in shared.folders
    assert environment_of(sys.executable).version == sys.version_info[:2]
