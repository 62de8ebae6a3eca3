"""Automagic: ``ls`` and ``cd ..`` without the percent sign.

A line is taken for a magic if its first word names one, nothing the user can see shadows
that name, in the namespace or earlier in the cell, and what follows does not make the
line plainly Python (an assignment, a call, an attribute).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .lines import LogicalLine
from .rules import Rule, line_magic_call

# Compiled at their first use, as re does it: a start has no use for them.
_WORD = r"(?s)^(?P<name>[^\W\d]\w*)(?P<gap>[ \t]*)(?P<rest>.*)$"
# What follows the first word and leaves no doubt that Python was meant.
PYTHON_AFTER = r"""(?x) ^(?: [(,:;)\]}]
           | (?:[-+*/%&|^@]|//|\*\*|<<|>>|:)?=
           | (?:is|in|not|and|or|if|else|for)\b
           | [<>!]= | [-+*%&|^@<>](?=\s) )"""


def automagic_rule(
    is_magic: Callable[[str], bool], is_shadowed: Callable[[str], bool], bound: set[str]
) -> Rule:
    """The rule for one cell. ``bound``: the names that the cell itself assigns."""

    def rewrite(line: LogicalLine) -> str | None:
        match = re.match(_WORD, line.body)
        if match is None or line.indent:
            return None
        name, rest = match["name"], match["rest"]
        if rest and (not match["gap"] or re.match(PYTHON_AFTER, rest)):
            return None  # no gap: an attribute, an index, a call
        if name in bound or not is_magic(name) or is_shadowed(name):
            return None
        return line_magic_call(name, rest.rstrip())

    return Rule("automagic", rewrite)


_BINDING = (
    r"(?m)^[ \t]*(?:(?:async[ \t]+)?(?:def|class)[ \t]+([^\W\d]\w*)"
    r"|([^\W\d]\w*(?:[ \t]*,[ \t]*[^\W\d]\w*)*)[ \t]*(?::[^=\n]*)?=(?!=)"
    r"|(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(.+)"
    r"|for[ \t]+(.+?)[ \t]in\b|with[ \t].+?[ \t]as[ \t]+(.+?):)"
)


def names_bound(source: str) -> set[str]:
    """The names that a cell plainly assigns, read without parsing it."""
    found: set[str] = set()
    for match in re.finditer(_BINDING, source):
        for group in match.groups():
            if group:
                found.update(re.findall(r"[^\W\d]\w*", group))
    return found
