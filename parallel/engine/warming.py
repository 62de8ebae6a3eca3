"""What a first question or a first error needs, loaded while nobody waits.

A session's start loads what its first cell needs. The rest would make the first completion wait,
for longest beside a busy cell: it is loaded a module at a time once the engine is idle.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

_MODULES = [
    "...core.history",
    "...core.completer",
    "...core.words_of_magics",
    "...core.inspector",
    "...core.transform.completeness",
    "...core.tracebacks",
    "...core.variables",
    "...core.system",
    ".succession",
]


def warm_up(is_wanted: Callable[[], bool]) -> None:
    """Load what is left, until the engine is wanted elsewhere."""
    while _MODULES and not is_wanted():
        importlib.import_module(_MODULES.pop(0), __package__)
