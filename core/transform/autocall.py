"""Autocall: ``f x`` for ``f(x)``, where ``f`` names something that can be called.

Level 1 wants an argument; level 2 calls a bare name too, which is then no longer shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .automagic import PYTHON_AFTER
from .lines import LogicalLine
from .rules import Rule

_CALL = re.compile(r"^(?P<name>[^\W\d]\w*(?:\.\w+)*)(?:[ \t]+(?P<rest>.+))?$")


def autocall_rule(level: int, is_callable: Callable[[str], bool]) -> Rule:
    """The rule for a level; ``is_callable`` answers for a dotted name, without user code."""

    def rewrite(line: LogicalLine) -> str | None:
        match = _CALL.match(line.body.rstrip())
        if match is None or (match["rest"] is None and level < 2):
            return None
        rest = match["rest"] or ""
        if re.match(PYTHON_AFTER, rest) or not is_callable(match["name"]):
            return None
        return f"{match['name']}({rest})"

    return Rule("autocall", rewrite)
