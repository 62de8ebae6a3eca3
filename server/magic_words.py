"""Magics without a session: their names, options and help, from the core's declarations.

The declarations are loaded when they are first asked for, and listings of the disk are read in a
thread of this module's own, so that the loop never waits.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .scopes import LiveExpression

if TYPE_CHECKING:
    from ..core.completion_words import WordCompleter

_MAGIC = re.compile(r"(?:^[ \t]*(?:#[ \t]*)?|=[ \t]*)(%{1,2}[^\W\d][\w.]*)")
_thread: list[ThreadPoolExecutor] = []


class Words(NamedTuple):
    """The words that may stand before the cursor."""

    prefix: str
    """What of them is typed."""
    items: list[tuple[str, str, str]]
    """Text, type, and detail."""


def magic_at(text: str, line: int, column: int) -> LiveExpression | None:
    """The magic whose name is at a place (0-based, in characters)."""
    lines = text.split("\n")
    if not 0 <= line < len(lines) or "%" not in lines[line]:
        return None
    for match in _MAGIC.finditer(lines[line]):
        if match.start(1) <= column <= match.end(1):
            return LiveExpression(match[1], match.start(1), match.end(1))
    return None


async def magic_help(name: str) -> str | None:
    """The help of ``%name`` or ``%%name``; None if there is no such magic."""
    found: str | None = await _beside(_help, name)
    return found


async def magic_words(line: str, folder: str) -> Words | None:
    """The words that a magic's line, or a ``!`` command, takes at its end; None for Python.

    ``folder``: where the command would run, and its files are looked for.
    """
    found: Words | None = await _beside(_words, line, folder)
    return found


async def _beside(function: Any, *arguments: Any) -> Any:
    if not _thread:
        _thread.append(ThreadPoolExecutor(1, thread_name_prefix="magic words"))
    return await asyncio.get_running_loop().run_in_executor(_thread[0], function, *arguments)


def close() -> None:
    """End the thread."""
    while _thread:
        _thread.pop().shutdown(wait=False, cancel_futures=True)


@lru_cache(maxsize=1)
def _completer() -> WordCompleter:
    from importlib import import_module

    from ..core import magics
    from ..core.aliases import DEFAULT_ALIASES
    from ..core.completion_words import WordCompleter
    from ..core.magics.registry import MagicRegistry
    from ..core.registered_completers import RegisteredCompleters

    registry = MagicRegistry()
    for name in magics.SUBJECTS:
        registry.add_group(import_module(f"{magics.__name__}.{name}"))
    made = WordCompleter(registry, RegisteredCompleters())
    made.aliases = lambda: tuple(DEFAULT_ALIASES)
    made.is_variable = lambda name: True  # a bare word may be a variable: only marked ones here
    return made


def _help(name: str) -> str | None:
    registry = _completer().magics
    kind = "cell" if name.startswith("%%") else "line"
    bare = name.lstrip("%")
    entry = registry.find(bare, kind) or registry.find(bare, "cell")
    return entry.help() if entry is not None else None


def _words(line: str, folder: str) -> Words | None:
    completer = _completer()
    completer.folder = folder
    found = completer.complete(line)
    if found is None:
        return None
    prefix, items = found
    return Words(prefix, [(each.text, each.type, each.detail) for each in items])
