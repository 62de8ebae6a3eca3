"""The input transformer: what users type becomes Python, and Python stays as it is."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.core.transform import LogicalLine, Rule, Transformer
from vivo.core.transform.completeness import completeness

MAGICS = ("time", "run", "cd", "ls", "who")


@pytest.fixture
def transformer() -> Transformer:
    return Transformer(
        is_magic=MAGICS.__contains__,
        is_cell_magic=MAGICS.__contains__,
        is_shadowed=lambda name: name == "who",
    )


@pytest.mark.parametrize(
    ("typed", "python"),
    [
        ("%time f()", "get_ipython().run_line_magic('time', 'f()')"),
        ("x = %time f()", "x = get_ipython().run_line_magic('time', 'f()')"),
        ("!ls -l", "get_ipython().system('ls -l')"),
        ("!echo \"it's", "get_ipython().system('echo \"it\\'s')"),
        ("!!ls", "get_ipython().getoutput('ls')"),
        ("files = !ls", "files = get_ipython().getoutput('ls')"),
        ("a, b = !ls", "a, b = get_ipython().getoutput('ls')"),
        ("obj?", "get_ipython().run_line_magic('pinfo', 'obj')"),
        ("?obj", "get_ipython().run_line_magic('pinfo', 'obj')"),
        ("a.b[0]??", "get_ipython().run_line_magic('pinfo2', 'a.b[0]')"),
        ("*err*?", "get_ipython().run_line_magic('psearch', '*err*')"),
        (",f a b", "f('a', 'b')"),
        (";f a b", "f('a b')"),
        ("/f a b", "f(a, b)"),
        (">>> a = 1\n... b = 2", "a = 1\nb = 2"),
        ("In [3]: a = 1", "a = 1"),
        ("    x = 1\n    !ls", "x = 1\nget_ipython().system('ls')"),
        ("for i in x:\n    !mv $i b\ny", "for i in x:\n    get_ipython().system('mv $i b')\ny"),
        ("!a \\\n b\nc", "get_ipython().system('a  b')\n\nc"),
        ("s = '''\n%ls\n'''\n%ls", "s = '''\n%ls\n'''\nget_ipython().run_line_magic('ls', '')"),
        ("ls", "get_ipython().run_line_magic('ls', '')"),
        ("ls -l", "get_ipython().run_line_magic('ls', '-l')"),
        ("cd ..", "get_ipython().run_line_magic('cd', '..')"),
        ("ls = 3\nls", "ls = 3\nls"),
        ("ls(1)", "ls(1)"),
        ("who", "who"),
        ("%%time\na\nb", "get_ipython().run_cell_magic('time', '', 'a\\nb\\n')\n"),
        ("# %% title\n%%time\na", "# %% title\nget_ipython().run_cell_magic('time', '', 'a\\n')\n"),
    ],
)
def test_what_is_typed_becomes_python(transformer: Transformer, typed: str, python: str) -> None:
    """Magics, commands, help, prompts and automagic, each at its place."""
    assert transformer.transform(typed) == python


@pytest.mark.parametrize(
    ("typed", "python"),
    [
        ("# %time f()", "get_ipython().run_line_magic('time', 'f()')"),
        ("#%time f()", "get_ipython().run_line_magic('time', 'f()')"),
        ("if x:\n    # !ls\n    pass", "if x:\n    get_ipython().system('ls')\n    pass"),
        ("# !ls", "get_ipython().system('ls')"),
        ("# files = !ls", "files = get_ipython().getoutput('ls')"),
        ("# t = %time f()", "t = get_ipython().run_line_magic('time', 'f()')"),
        ("# %%time\nf()", "get_ipython().run_cell_magic('time', '', 'f()\\n')\n"),
        ("# %%run\n# a\n\n#  b", "get_ipython().run_cell_magic('run', '', 'a\\n\\n b\\n')\n"),
        ("# %% a\n# %%time\nf()", "# %% a\nget_ipython().run_cell_magic('time', '', 'f()\\n')\n"),
        ("# %% time f()", "# %% time f()"),
        ("# %d of them", "# %d of them"),
        ("# %%unknown\nf()", "# %%unknown\nf()"),
        ("# x = %d", "# x = %d"),
        ("# 50 % done", "# 50 % done"),
        ("# x = 1", "# x = 1"),
        ("#!/usr/bin/env python3\nf()", "#!/usr/bin/env python3\nf()"),
        ("s = '''\n# !ls\n'''", "s = '''\n# !ls\n'''"),
    ],
)  # fmt: skip
def test_comment_magics_run_when_switched_on(
    transformer: Transformer, typed: str, python: str
) -> None:
    """jupytext's form keeps a file valid Python; it is off by default; other comments stay."""
    assert transformer.transform(typed) == typed
    transformer.comment_magics = True
    assert transformer.transform(typed) == python


def test_users_add_rules(transformer: Transformer) -> None:
    """A rule of the user's is asked where it was put."""

    def shout(line: LogicalLine) -> str | None:
        return f"print({line.body[2:]!r})" if line.body.startswith("^^") else None

    transformer.rules.add(Rule("shout", shout), before="help")
    assert transformer.transform("x = 1\n^^ hi") == "x = 1\nprint(' hi')"
    transformer.rules.remove("shout")
    assert transformer.transform("^^ hi") == "^^ hi"


PIECES = st.sampled_from(
    ["%time f()", "!ls 'x", "x = !ls", "obj?", "x = 1", "if x:", "    y", "'''", "(", ")", "#c",
     "%%bash", ">>> a", "f'{x}'", "\t", "é😀", "\x00", "$", "?", "@", "a %b", "...", ";", "\\"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("\n".join) | st.text(max_size=80))
def test_nothing_raises_and_lines_keep_their_place(text: str) -> None:
    """Whatever is typed gives text; without prompts or cell magics, of as many lines."""
    transformer = Transformer(is_magic=MAGICS.__contains__)
    made = transformer.transform(text)
    completeness(text, made)
    if not text.lstrip().startswith(("%%", "#")):
        assert made.count("\n") == text.count("\n")


def standard_library(count: int) -> list[Path]:
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    return random.Random(7).sample(files, min(count, len(files)))


@pytest.mark.parametrize("path", standard_library(40), ids=lambda path: path.name)
def test_valid_python_is_never_changed(path: Path) -> None:
    """Files of the standard library come back byte for byte."""
    source = path.read_text("utf-8")
    ast.parse(source)
    assert Transformer(is_magic=lambda name: False).transform(source) == source


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_valid_cells_are_never_changed(seed: int) -> None:
    """Neither are statements picked at random out of it."""
    path = standard_library(40)[seed % 40]
    source = path.read_text("utf-8")
    body = ast.parse(source).body
    cell = "\n".join(
        ast.get_source_segment(source, node) or ""
        for node in random.Random(seed).choices(body, k=3)
    )
    try:
        ast.parse(cell)
    except SyntaxError:
        return
    assert Transformer(is_magic=lambda name: False).transform(cell) == cell


ATOMS = st.sampled_from(
    ["a", "b.c", "1", "'%ls'", '"!x?"', "f'{a!r:>{b}}'", "'''\n%ls\n!x\nobj?\n'''", "...", "b'?'",
     "print", "r'\\'", "rb'''\\\n'''", "0x1f", "1e3j", "é", "f'''{\na\n}\n%time\n'''"]
)  # fmt: skip
FORMS = (
    *("({} % {})", "({}\n%{})", "({} \\\n% {})", "({} != {})", "({}\n!={})", "({}\n\n,\t{})"),
    *("[{},\n# %time f()\n{}]", "(lambda x={}: {})", "{{{}: {}}}", "f({}, *{})", "{}[{}]"),
    *("({} if {} else a)", "({} // {})", "({} @ {})", "[{} for a in {} if a]", "(a := {}, {})"),
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.tuples(st.sampled_from(FORMS), inner, inner).map(
        lambda drawn: drawn[0].format(*drawn[1:])
    ),
    max_leaves=6,
)
STATEMENTS = st.tuples(
    st.sampled_from(
        ["{}", "x = {}", "x = y = {}", "x: int = {}", "x %= {}", "{}; x = 1", "x = {} # !ls ?",
         "del a", "if {}:\n    x\n\n    y", "for a in {}: x", "def f(x={}):\n\t'%ls'\n\treturn x",
         "class C:\n  x = {}\n  # %time\n", "@{}\ndef f(): ...", "# %ls {}", "with {} as a: pass",
         "try:\n    {}\nexcept E:\n    pass", "async def f(): await {}", "assert {}",
         "x = \\\n  {}", "match a:\n    case 1: {}", "while {}: break", "import os\n\n\nx = {}",
         "\x0cx = {}", "{}\r"]
    ),
    EXPRESSIONS,
).map(lambda drawn: drawn[0].replace("{}", drawn[1]))  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=4).map("\n".join))
def test_python_in_any_layout_is_never_changed(cell: str) -> None:
    """Percent signs, exclamation and question marks stand where only Python can tell."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(cell)
    except SyntaxError:
        return
    assert Transformer(is_magic=MAGICS.__contains__).transform(cell) == cell


@pytest.mark.parametrize(
    ("typed", "status", "indent"),
    [
        ("x = 1", "complete", ""),
        ("def f():", "incomplete", "    "),
        ("def f():\n    return 1", "incomplete", ""),
        ("def f():\n    return 1\n", "complete", ""),
        ("if x:\n    y", "incomplete", "    "),
        ("x = (1,", "incomplete", ""),
        ("'''a", "incomplete", ""),
        ("x = ", "invalid", ""),
        ("await f()", "complete", ""),
        ("!ls", "complete", ""),
        ("%%time\nx", "incomplete", ""),
        ("", "complete", ""),
    ],
)
def test_completeness(transformer: Transformer, typed: str, status: str, indent: str) -> None:
    """A console knows whether Enter ends the input."""
    assert completeness(typed, transformer.transform(typed)) == (status, indent)
