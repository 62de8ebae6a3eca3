"""Compiling cells under their real file name and line, and keeping the text that ran.

Rules:

1. A cell's statement on line *n* of its file compiles as line *n*: the source is padded with
   line ends. (Shifting a tree's line numbers doubles the time of compiling, and leaves
   syntax errors and escape warnings on wrong lines.)
2. The text of every cell that ran stays available to ``linecache``, and so to
   ``inspect.getsource`` and every traceback, also after ``checkcache`` and ``clearcache``.
3. Where a cell's text differs from what an earlier run left on the same lines of the same
   file, the file's path is spelled another way (``/dir/./file.py``): the older functions keep
   the older text.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import os
from types import CodeType
from typing import Any

_FUTURE_FLAGS = 0
for _feature in __future__.all_feature_names:
    _FUTURE_FLAGS |= getattr(__future__, _feature).compiler_flag

TREE_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
"""How cells are read, until one says otherwise (``from __future__``)."""

_plain: dict[str, str] = {}
"""Spellings that the system would not take for the same file → the plain one."""

_texts: dict[str, list[str]] = {}
"""File name as compiled → the lines that ran, shared by every shell of the process."""


def _entry(name: str) -> tuple[int, None, list[str], str]:
    lines = _texts[name]
    return (sum(map(len, lines)), None, lines, name)  # no mtime: checkcache leaves it alone


_clearcache = linecache.clearcache


def _clear_all_but_cells() -> None:
    """Clear the cache and put the cells back: their text exists nowhere else."""
    _clearcache()
    linecache.cache.update({name: _entry(name) for name in _texts})


class SourceRegistry:
    """Which text ran under which file name, and for which run."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, int], str] = {}
        if linecache.clearcache is not _clear_all_but_cells:
            linecache.clearcache = _clear_all_but_cells

    def register(self, filename: str, first_line: int, text: str, run_id: str | None = None) -> str:
        """Keep a cell's text; give the file name to compile it under.

        ``first_line`` is the 1-based line of the file on which ``text`` begins.
        """
        lines = [f"{line}\n" for line in text.split("\n")]
        name = filename
        spelling = 0
        while not self._fits(name, first_line, lines):
            spelling += 1
            name = _respelled(filename, spelling)
        if spelling and "/./" not in name:
            _plain[name] = filename
        held = _texts.setdefault(name, [])
        last = first_line - 1 + len(lines)
        held.extend(["\n"] * (last - len(held)))
        held[first_line - 1 : last] = lines
        linecache.cache[name] = _entry(name)
        if run_id is not None:
            for number in range(first_line, first_line + len(lines)):
                self._runs[name, number] = run_id
        return name

    def run_of(self, code: CodeType) -> str | None:
        """The run that a code object comes from, if it comes from a cell."""
        return self._runs.get((code.co_filename, code.co_firstlineno))

    @staticmethod
    def _fits(name: str, first_line: int, lines: list[str]) -> bool:
        """Whether nothing else ran on those lines: they are free, or hold the same text."""
        held = _texts.get(name)
        if held is None:
            return True
        return all(
            old in ("\n", new) for old, new in zip(held[first_line - 1 :], lines, strict=False)
        )


def _respelled(filename: str, spelling: int) -> str:
    """Another name that the system takes for the same file."""
    folder, base = os.path.split(filename)
    if filename.startswith("<") or not folder:
        return f"{filename.rstrip('>')} ({spelling + 1}){'>' if filename.endswith('>') else ''}"
    return folder + "/." * spelling + "/" + base


def real_path(filename: str) -> str:
    """The plain spelling of a file name that :meth:`SourceRegistry.register` may have respelled."""
    return os.path.normpath(filename) if "/./" in filename else _plain.get(filename, filename)


def names_of(text: str) -> list[str]:
    """The file names under which a cell with that whole text has run, and no other."""
    lines = [f"{line}\n" for line in text.split("\n")]
    return [name for name, held in _texts.items() if held == lines]


def is_cell(filename: str) -> bool:
    """Whether cells have run under a file name: their text is kept as it ran."""
    return filename in _texts


class Compiler:
    """Compiles cells; remembers the ``from __future__`` imports of earlier ones."""

    def __init__(self) -> None:
        self.flags = TREE_FLAGS

    def allow_await(self, allowed: bool) -> None:
        """Let cells await at their top level, or not."""
        flag = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.flags = self.flags | flag if allowed else self.flags & ~flag

    def parse(self, text: str, filename: str, first_line: int) -> ast.Module:
        """The tree of a cell, its lines those of the file. Raises ``SyntaxError``."""
        return syntax_tree("\n" * (first_line - 1) + text, filename, self.flags)

    def compile(self, tree: ast.Module | ast.Expression, filename: str) -> CodeType:
        """The code of a tree."""
        mode = "exec" if isinstance(tree, ast.Module) else "eval"
        code: CodeType = compile(tree, filename, mode, self.flags, dont_inherit=True)
        self.flags |= code.co_flags & _FUTURE_FLAGS
        return code


def syntax_tree(text: str, filename: str, flags: int) -> ast.Module:
    """The tree of a text. Raises ``SyntaxError`` and what else ``compile`` raises for bad text.

    Building a tree in one thread while another one builds, or while a collection runs a
    finalizer that does, may fail with a ``SystemError`` on Python 3.11 and 3.12 (gh-106905): the
    text is not at fault, and the next attempt works.
    """
    for _ in range(5):
        try:
            tree: ast.Module = compile(
                text, filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True
            )
            return tree
        except SystemError as error:
            fault = error
    raise fault


def forget_warnings(namespace: dict[str, Any]) -> None:
    """Let a rerun of a cell warn again: Python warns once for each place."""
    namespace.pop("__warningregistry__", None)
