"""The labels that complete what is typed in the brackets of a pandas table.

``frame['sp``, ``frame[['speed', 'sp``, ``frame.loc['ro``, ``frame.loc['row', 'sp``, ``series['la``.
Rules:

1. Only pandas' very own classes are asked, and only for labels that are text: no user code runs.
2. Labels are read one by one, never all of a long index; of several levels the first is offered.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from .safe import UNKNOWN, evaluate, first_items, is_of

_MAXIMUM = 1000
_TEXT = r"""(?:'[^'\n]*'|"[^"\n]*")"""
_TYPED = re.compile(
    rf"""(?<![\w.])(?P<owner>[^\W\d]\w*(?:\.\w+|\[{_TEXT}\])*?)(?P<by_label>\.(?:loc|at))?
    \[\s*(?P<row>(?:[^\[\]'"]|{_TEXT})*,\s*)?
    (?P<several>\[\s*(?:{_TEXT}\s*,\s*)*)?
    (?P<prefix>(?P<quote>['"])[^\[\]'"]*)$""",
    re.VERBOSE,
)


class TypedKey(NamedTuple):
    """A label that is being typed, and those that it may become."""

    labels: list[str]
    prefix: str
    quote: str


def table_keys(line: str, namespace: Mapping[str, Any]) -> TypedKey | None:
    """The labels for the end of a line; None where it is not in the brackets of a table."""
    if "pandas" not in sys.modules or "[" not in line:
        return None
    match = _TYPED.search(line)
    if match is None or (match["row"] and not match["by_label"]):
        return None
    value = evaluate(match["owner"], namespace)
    if value is UNKNOWN:
        return None
    is_table = is_of(type(value), "pandas", "DataFrame")
    if not is_table and (match["row"] or not is_of(type(value), "pandas", "Series")):
        return None
    is_column = is_table and (match["row"] or not match["by_label"])
    try:
        labels = _labels(value.columns if is_column else value.index)
    except Exception:  # noqa: BLE001 - a table that main is changing may be inconsistent
        return None
    return TypedKey(labels, match["prefix"], match["quote"])


def _labels(index: Any) -> list[str]:
    if is_of(type(index), "pandas", "MultiIndex"):
        index = index.levels[0]
    if not is_of(type(index), "pandas", "Index"):
        return []
    return list(
        dict.fromkeys(label for label in first_items(index, _MAXIMUM) if type(label) is str)
    )
