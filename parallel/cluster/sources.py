"""Functions travel with their text, so that their tracebacks elsewhere show lines as here.

cloudpickle leaves out where code comes from. What is pickled here says it, with the lines of each
function: where they arrive they are known to ``linecache``, unless that has the same already.
"""

from __future__ import annotations

import inspect
import linecache
import tokenize
from collections import OrderedDict
from io import BytesIO
from types import CodeType
from typing import Any

from ...core.compiler import SourceRegistry
from ..engine import helpers

_HIDDEN = "<dynamic-code>"
_MOST_BLOCKS = 1000
_LONGEST = 100_000  # characters of a function that are worth sending

_blocks: OrderedDict[tuple[str, int, int], tuple[list[str], str]] = OrderedDict()
_pickler: Any = None


def cloudpickled(value: Any, buffer_callback: Any = None) -> bytes:
    """A value pickled by cloudpickle, code with its text. Raises whatever pickling it raises."""
    target = BytesIO()
    _pickler_class()(target, protocol=5, buffer_callback=buffer_callback).dump(value)
    return target.getvalue()


def restored(filename: str, text: str, arguments: tuple[Any, ...]) -> CodeType:
    """Code that came with its text."""
    name = filename
    first = arguments[arguments.index(_HIDDEN) + 2]
    if isinstance(first, str):  # from Python 3.11 on the qualified name stands before the line
        first = arguments[arguments.index(_HIDDEN) + 3]
    lines = [f"{line}\n" for line in text.split("\n")]
    known = linecache.getlines(filename)[first - 1 : first - 1 + len(lines)]
    if text and [each.rstrip("\n") for each in known] != text.split("\n"):
        name = SourceRegistry().register(filename, first, text)
    fields: Any = [name if each == _HIDDEN else each for each in arguments]
    return CodeType(*fields)


def _pickler_class() -> Any:
    """cloudpickle's pickler with our way for code; made once it is loaded."""
    global _pickler  # noqa: PLW0603 - cloudpickle is loaded late
    if _pickler is None:
        cloudpickle: Any = helpers.load("cloudpickle")
        reduce_code = cloudpickle.Pickler.dispatch_table[CodeType]

        class Pickler(cloudpickle.Pickler):  # type: ignore[misc, unused-ignore]
            """Says where code comes from."""

            def reducer_override(self, value: Any) -> Any:
                """What stands for a value, where it is code."""
                if type(value) is not CodeType:
                    return super().reducer_override(value)
                reduced = reduce_code(value)
                if reduced[1].count(_HIDDEN) != 1:
                    return reduced  # another version of cloudpickle, which keeps the name
                return restored, (value.co_filename, _text_of(value), reduced[1])

        _pickler = Pickler
    return _pickler


def _text_of(code: CodeType) -> str:
    """The lines of a function, without the last line's end; empty where they are not known."""
    lines = linecache.getlines(code.co_filename)
    first = code.co_firstlineno
    if not 0 < first <= len(lines):
        return ""
    key = code.co_filename, first, id(lines)
    known = _blocks.get(key)
    if known is None:
        try:
            text = "".join(inspect.getblock(lines[first - 1 :])).rstrip("\n")
        except (tokenize.TokenError, SyntaxError, IndentationError):
            text = lines[first - 1].rstrip("\n")
        known = _blocks[key] = lines, text[:_LONGEST]  # the lines too: their id stays theirs
        if len(_blocks) > _MOST_BLOCKS:
            _blocks.popitem(last=False)
    return known[1]
