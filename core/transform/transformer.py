"""The transformer: a cell as typed → Python, in one pass.

Rules:

1. A cell that is valid Python is given back unchanged, byte for byte. The one exception is
   automagic: a line such as ``ls`` is a valid expression, and a magic if nothing is called so
   (and a pasted ``In [3]:`` prompt, which reads as an annotation).
2. It never raises: what it cannot read it leaves for Python's own SyntaxError.
3. Line numbers are kept: a statement stands on the line where it was typed.
4. One pass: the cost is linear in the length of the cell.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable

from ..callbacks import CallbackError, call, name_of
from ..compiler import TREE_FLAGS, syntax_tree
from .autocall import autocall_rule
from .automagic import automagic_rule, names_bound
from .comments import comment_magic_rule, uncommented_cell
from .lines import LogicalLine, continuation_extent, python_extent, split_lines
from .prompts import has_shell_prompt, strip_indentation, strip_prompts
from .rules import DEFAULT_RULES, Rule, RuleRegistry

_OWN = f"{__package__}."
_CELL_MAGIC = re.compile(
    r"\A(?P<before>(?:[ \t]*(?:\#[^\n]*)?\r?\n)*)%%(?P<name>[^\W\d][\w.]*|!)"
    r"(?P<rest>[^\n]*)(?:\n(?P<body>.*))?\Z",
    re.DOTALL | re.VERBOSE,
)

_FIRST_WORDS = re.compile(r"^([^\W\d]\w*)", re.MULTILINE)


class Transformer:
    """Turns cells into Python by a registry of rules.

    ``is_magic`` and ``is_shadowed`` answer for automagic; without them there is none.
    ``is_cell_magic`` tells a cell magic that is written as a comment from other comments.
    """

    def __init__(
        self,
        *,
        is_magic: Callable[[str], bool] | None = None,
        is_cell_magic: Callable[[str], bool] | None = None,
        is_shadowed: Callable[[str], bool] | None = None,
        is_callable: Callable[[str], bool] | None = None,
    ) -> None:
        self.rules = RuleRegistry(DEFAULT_RULES)
        self.automagic = True
        self.comment_magics = False
        """Whether ``# %time f()`` runs as ``%time f()`` (jupytext's form)."""
        self._is_magic = is_magic
        self._is_cell_magic = is_cell_magic
        self._is_shadowed = is_shadowed or (lambda name: False)
        self.filters: list[Callable[[str], str]] = []
        """Asked in turn to change the Python of a cell, line by line; a profile adds them."""
        self.complain: Callable[[str], None] = lambda text: None
        self.autocall = 0
        """The level of automatic calls: 0, 1 or 2."""
        self._is_callable = is_callable or (lambda name: False)
        self.first_line = 1
        """The 1-based line of its file on which the cell begins."""
        self._read: tuple[str, int, ast.Module] | None = None

    def take_tree(self, text: str, first_line: int) -> ast.Module | None:
        """The tree of a cell that was found to be Python just now; None if it was not.

        Also where Python warned of something in it: that is told when it is read under its name.
        The tree is the caller's, to change it.
        """
        read, self._read = self._read, None
        return read[2] if read is not None and read[:2] == (text, first_line) else None

    def transform(self, source: str) -> str:
        """The Python of a cell. Never raises."""
        text = self._transform(source)
        for function in tuple(self.filters):
            text = self._filtered(function, text)
        return text

    def _filtered(self, function: Callable[[str], str], text: str) -> str:
        try:
            made = call("The input filter {}", function, text)
            told = _fault(made, text.count("\n"))
            if told is None:
                return str(made)
            told = f"The input filter {name_of(function)} {told}; it is taken out."
        except CallbackError as failure:
            told = str(failure)
        if function in self.filters:
            self.filters.remove(function)
        self.complain(told)
        return text

    def _transform(self, source: str) -> str:
        if has_shell_prompt(source):
            source = strip_prompts(source)
        if self.comment_magics and "%%" in source:
            source = uncommented_cell(source, self._is_cell_magic) or source
        if self._is_python(source):
            return self._rewrite(source, self._automagic_only(source))
        cell = self._cell_magic(source)
        if cell is not None:
            return cell
        source = strip_indentation(strip_prompts(source))
        cell = self._cell_magic(source)
        if cell is not None:
            return cell
        if self._is_python(source):
            return self._rewrite(source, self._automagic_only(source))
        return self._rewrite(source, [*self.rules, *self._optional(source)])

    def _is_python(self, source: str) -> bool:
        first_line = self.first_line
        told: list[object] = []
        # As catch_warnings does, but for the memory of what modules have warned of, which is not
        # concerned: a fifth of its time. Whatever it is, it is told here.
        kept = warnings.filters, warnings.showwarning
        warnings.filters, warnings.showwarning = [], lambda *told_of, **_: told.append(told_of)
        try:
            tree = syntax_tree("\n" * (first_line - 1) + source, "<cell>", TREE_FLAGS)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            return False
        finally:
            warnings.filters, warnings.showwarning = kept
        self._read = None if told else (source, first_line, tree)
        return True

    def _automagic_only(self, source: str) -> list[Rule]:
        """Nothing, unless a line of the cell begins with a word that is a magic."""
        if self.autocall == 2 or (self.comment_magics and "#" in source):
            return self._optional(source)
        if self._is_magic is None:
            return []
        words = set(_FIRST_WORDS.findall(source))
        return self._optional(source) if any(map(self._is_magic, words)) else []

    def _optional(self, source: str) -> list[Rule]:
        rules = []
        if self.comment_magics:
            rules.append(comment_magic_rule(self._is_magic))
        if self.automagic and self._is_magic is not None:
            bound = names_bound(source)
            rules.append(automagic_rule(self._is_magic, self._is_shadowed, bound))
        if self.autocall:
            rules.append(autocall_rule(self.autocall, self._is_callable))
        return rules

    @staticmethod
    def _cell_magic(source: str) -> str | None:
        match = _CELL_MAGIC.match(source)
        if match is None:
            return None
        name = "sx" if match["name"] == "!" else match["name"]
        body = match["body"] or ""
        if body and not body.endswith("\n"):
            body += "\n"  # a script's last line, or a file's, ends as the others do
        words = (name, match["rest"].strip(), body)
        call = f"get_ipython().run_cell_magic({', '.join(map(repr, words))})"
        return f"{match['before']}{call}\n"

    def _rewrite(self, source: str, rules: list[Rule]) -> str:
        if not rules:
            return source
        lines = split_lines(source)
        written: list[str] = []
        number = 0
        while number < len(lines):
            taken, text = self._statement(lines, number, rules)
            written.append(text)
            number += taken
        return "".join(written)

    def _rewritten(self, rule: Rule, line: LogicalLine) -> str | None:
        """What a rule makes of a line; one of the user's that fails is taken out."""
        if str(getattr(rule.rewrite, "__module__", "")).startswith(_OWN):
            return rule.rewrite(line)
        try:
            made = call(f"The input rule {rule.name} ({{}})", rule.rewrite, line)
            told = None if made is None else _fault(made, 0)
            if told is None:
                return None if made is None else str(made)
            told = f"The input rule {rule.name} {told}; it is taken out."
        except CallbackError as failure:
            told = str(failure)
        if any(other is rule for other in self.rules):
            self.rules.remove(rule.name)
            self.complain(told)
        return None

    def _statement(self, lines: list[str], number: int, rules: list[Rule]) -> tuple[int, str]:
        """How many lines the statement at ``number`` takes, and what becomes of it."""
        if lines[number].strip():
            extent = continuation_extent(lines, number)
            single = LogicalLine(lines[number], number)
            continued = single
            if extent > 1:
                continued = LogicalLine("".join(lines[number : number + extent]), number)
            for rule in rules:
                line = continued if rule.multiline else single
                rewritten = self._rewritten(rule, line)
                if rewritten is not None:
                    count = extent if rule.multiline else 1
                    return count, line.indent + rewritten + _line_ends(lines, number, count)
        taken = python_extent(lines, number)
        if taken is None:
            taken = len(lines) - number
        taken = min(taken, len(lines) - number)
        return taken, "".join(lines[number : number + taken])


def _fault(made: object, line_ends: int) -> str | None:
    """What is wrong with a text that a user's function made, if anything is."""
    if type(made) is not str:
        return "gives no text"
    return "moves lines" if made.count("\n") != line_ends else None


def _line_ends(lines: list[str], number: int, count: int) -> str:
    """As many line ends as the typed lines had, so that what follows keeps its place."""
    ends = "\n" * (count - 1)
    last = lines[number + count - 1]
    return ends + (last[-1] if last.endswith(("\n", "\r")) else "")
