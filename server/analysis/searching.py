"""Where a name is used in a workspace: every file of it is looked into, for as long as there is.

jedi by itself opens 2,000 files, parses 30 of those that hold the name, and says nothing of the
others. Rules:

1. Each file is searched as text; what holds the name is parsed and told apart by jedi.
2. The search ends when its time is over, or nobody waits for it any more. What was not looked into
   then is said.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from jedi.inference import dynamic_params, references  # type: ignore[import-untyped]


class Search:
    """One search, while it goes on."""

    def __init__(self, seconds: float, is_cancelled: Callable[[], bool]) -> None:
        self._until = time.monotonic() + seconds
        self._is_cancelled = is_cancelled
        self.files = 0
        """How many files were looked into."""
        self.is_cut = False
        """Whether there were more."""

    def goes_on(self) -> bool:
        """Whether to look into another file (rule 2)."""
        if self.is_cut or self._is_cancelled() or time.monotonic() > self._until:
            self.is_cut = True
            return False
        self.files += 1
        return True


_searches: list[Search] = []


def searched(search: Search, find: Callable[[], Any]) -> Any:
    """What some call of jedi's finds, with every file looked into."""
    _searches.append(search)
    try:
        return find()
    finally:
        _searches.pop()


def _contexts(state: Any, contexts: list[Any], name: str, limit_reduction: float = 1) -> Any:
    if not _searches:
        return _jedis_own(state, contexts, name, limit_reduction)
    return _all_contexts(_searches[-1], state, contexts, name)


def _all_contexts(search: Search, state: Any, contexts: list[Any], name: str) -> Iterator[Any]:
    yield from (each for each in contexts if not each.is_compiled())
    holds = re.compile(rf"\b{re.escape(name)}\b")
    for file in references._find_project_modules(state, contexts):
        if not search.goes_on():
            return
        try:
            context = references._check_fs(state, file, holds)
        except OSError:
            continue  # it may not be read, or has gone
        if context is not None:
            yield context


_jedis_own = references.get_module_contexts_containing_name
references.get_module_contexts_containing_name = _contexts
assert dynamic_params.get_module_contexts_containing_name is _jedis_own
