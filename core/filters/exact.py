"""Exact arithmetic, after Sage: integers and ratios stay exact, ``^`` is a power. Needs sympy.

Rules:

1. ``1/3`` is a ratio, ``0.1`` a decimal of as many digits as were typed (fifteen at least);
   ``3r`` is Python's own 3.
2. ``^`` is a power, ``^^`` the exclusive or.
3. Strings, comments and the patterns of ``case`` stay as they are.
"""

from __future__ import annotations

import importlib
import tokenize
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .tokens import Replacement, replaced, tokens_of

if TYPE_CHECKING:
    from ..shell import Shell

_OFFERED = ("Integer", "Rational", "Float", "I", "pi", "E", "oo", "sqrt", "symbols", "Symbol")


def exact(source: str) -> str:
    """The Python of a text with exact numbers."""
    tokens = tokens_of(source)
    found: list[Replacement] = []
    inside_case = -1
    for index, token in enumerate(tokens):
        line, start = token.start
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.string == "case" and _begins_line(source, token):
            inside_case = line  # its numbers are patterns, and a call would mean a class
        if token.type == tokenize.NUMBER and inside_case != line:
            raw = after is not None and after.string == "r" and after.start == token.end
            end = after.end[1] if raw and after is not None else token.end[1]
            text = token.string if raw else _number(token.string)
            found.append(Replacement(line, start, end, text))
        elif token.type == tokenize.OP and token.string in ("^", "^="):
            before = tokens[index - 1] if index else None
            if before is not None and before.string == "^" and before.end == token.start:
                continue  # the second half of ^^
            doubled = after is not None and after.start == token.end and after.string[0] == "^"
            end = token.end[1] + (1 if doubled else 0)
            text = "^" if doubled else token.string.replace("^", "**")
            found.append(Replacement(line, start, end, text))
    return replaced(source, found)


def _begins_line(source: str, token: tokenize.TokenInfo) -> bool:
    return not token.line[: token.start[1]].strip()


def _number(text: str) -> str:
    lowered = text.lower()
    if lowered.startswith(("0x", "0o", "0b")):
        return f"Integer({text})"
    if lowered.endswith("j"):
        return f"({_number(text[:-1])} * I)"
    if any(mark in lowered for mark in ".e"):
        plain = text.replace("_", "")
        digits = len(plain.lower().split("e")[0].replace(".", "").lstrip("0"))
        return f"Float({plain!r})" if digits <= 15 else f"Float({plain!r}, {digits})"
    return f"Integer({text})"


def install(shell: Shell) -> None:
    """Make a shell's numbers exact. Raises :class:`UsageError` without sympy."""
    try:
        sympy: Any = importlib.import_module("sympy")
    except ImportError:
        raise UsageError(
            "sympy is not installed in the session's interpreter: run %pip install sympy."
        ) from None
    own: dict[str, Any] = {name: getattr(sympy, name) for name in _OFFERED}
    shell.namespace.update(own)
    shell._reserved.update(own)
    shell.transformer.filters.append(exact)
