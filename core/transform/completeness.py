"""Is a cell complete, or does the user want to go on typing?

The answers are those of the Jupyter protocol's ``is_complete_reply``: ``complete``,
``incomplete`` with the next line's indentation, and ``invalid``.
"""

from __future__ import annotations

import ast
import codeop
import re
import warnings

_BLOCK_OPENER = re.compile(r":[ \t]*(?:\#.*)?$")
_LEAVES_BLOCK = re.compile(r"^[ \t]*(?:return|raise|pass|break|continue)\b")


def completeness(typed: str, transformed: str) -> tuple[str, str]:
    """The status of a cell and, if it is incomplete, the indentation of its next line."""
    if typed.lstrip().startswith("%%"):
        done = not typed.rsplit("\n", maxsplit=1)[-1].strip() and "\n" in typed
        return ("complete", "") if done else ("incomplete", "")
    if transformed.rstrip(" \t").endswith("\\"):
        return "incomplete", _next_indent(typed)
    if not transformed.strip():
        return "complete", ""
    if not transformed.endswith("\n"):
        transformed += "\n"  # the last line of a block ends it only at its line end
    compiler = codeop.Compile()
    compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The private helper is what every REPL of the standard library asks.
            code = codeop._maybe_compile(compiler, transformed, "<input>", "exec")  # type: ignore[attr-defined]
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return "invalid", ""
    if code is None:
        return "incomplete", _next_indent(typed)
    last = typed.rstrip(" \t").rsplit("\n", 1)[-1]
    inside_block = last[:1] in (" ", "\t") and bool(last.strip()) and "\n" in typed
    if inside_block:
        return "incomplete", _next_indent(typed)
    return "complete", ""


def _next_indent(typed: str) -> str:
    """The indentation of the last line that says anything, deeper after a colon."""
    last = next((line for line in reversed(typed.split("\n")) if line.strip()), "")
    indent = last[: len(last) - len(last.lstrip(" \t"))]
    if _BLOCK_OPENER.search(last):
        return indent + "    "
    if _LEAVES_BLOCK.match(last):
        return indent[:-4]
    return indent
