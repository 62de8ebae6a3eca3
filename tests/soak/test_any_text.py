"""The long run of what ``make test`` does in seconds: Python files at hand, and any text.

``make soak`` runs it, for some minutes.
"""

from __future__ import annotations

import ast
import random
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from vivo.core import Shell

PIECES = (
    *("%time f()", "!ls {x} $y", "x = !cmd", "x = %magic a b", "f?", "?f", "%%bash", "if x:"),
    *("    y", "\ty", "'''", '"""', "'", '"', "(", ")", "[", "]", "{", "}", "\\", "#", "%", "!"),
    *("?", "??", ",f a", ";f a", "/f a", "In [1]: x", ">>> x", "... y", "ls -l", "cd ..", "@"),
    *("x = 3 % 2", "x != y", "print(f'{x!r}')", "lambda: %time", "\x0c", "\r", "\r\n", "é", "$"),
    *("\x00", "\ufeff", "\u2028", "f'''{", "}'''", "rb'", "async def f(): await x", "match x:"),
    *("  case 1: %time", "a = b = !ls", "a, *b = !ls", "a: int = !ls", "a += !ls", "x == !ls"),
    *("d['k'] = %time f", "# %time f()", "# !ls", "#%%", "%%time\nx", "%", "%%", "!!", "!!ls"),
    *("= !x", "for i in x: !ls", "x; !ls", "\\\n", "0x", "1_", "'\\", "\ud800", "3 kg", "..."),
)
SAMPLED = 2_000
FILES_BELOW = (Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib")))


def python_files() -> Iterator[tuple[Path, str]]:
    """Files of the standard library, its tests too, and of what is installed, if valid Python."""
    files = [path for root in FILES_BELOW for path in sorted(root.rglob("*.py"))]
    for path in random.Random(0).sample(files, min(SAMPLED, len(files))):
        try:
            with tokenize.open(path) as stream:
                source = stream.read()
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, OSError):
            continue  # the libraries' own tests keep broken files too
        yield path, source


@pytest.mark.timeout(3600)
def test_no_python_file_at_hand_is_changed() -> None:
    """Two thousand files, their libraries' own tests among them."""
    shell = Shell()
    changed, count = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path, source in python_files():
            count += 1
            if shell.transform_cell(source) != source:
                changed.append(str(path))
    shell.close()
    assert changed == []
    assert count > 0.8 * SAMPLED


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(8))
def test_no_text_raises_moves_lines_or_changes_python(seed: int) -> None:
    """Pieces of every rule, glued and cut at random, at every level of automatic calls."""
    shell = Shell()
    told: list[str] = []
    shell.transformer.complain = told.append
    draw = random.Random(seed)
    for _ in range(1_500):
        glue = draw.choice(["\n", "\n", "", " "])
        text = glue.join(draw.choices(PIECES, k=draw.randint(1, 7)))
        for _ in range(draw.choice([0, 0, 3])):
            place = draw.randint(0, len(text))
            text = text[:place] + draw.choice("\t\n\r '\"\\{}()\x85\0😀") + text[place:]
        shell.settings.autocall = draw.choice([0, 0, 1, 2])
        shell.settings.comment_magics = draw.random() < 0.3
        shell.transformer.autocall = shell.settings.autocall
        shell.transformer.comment_magics = shell.settings.comment_magics
        written = shell.transform_cell(text)
        if "run_cell_magic" not in written:
            assert written.count("\n") == text.count("\n"), repr(text)
        is_plain = not shell.settings.autocall and not shell.settings.comment_magics
        if is_plain and "get_ipython" not in written and "In [" not in text:
            assert written == text or not _is_python(text), repr(text)
        shell.is_complete(text)
        shell.complete(text, draw.randint(0, len(text)))
        shell.inspect(text)
    shell.close()
    assert told == []


def _is_python(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
