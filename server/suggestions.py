"""Did you mean: what an error says is not there, and the names that come near. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Literal

import attrs

_NAME = re.compile(r"name '(\w+)' is not defined")
_ATTRIBUTE = re.compile(r"has no attribute '(\w+)'")
_IMPORTED = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_MODULE = re.compile(r"No module named '([\w.]+)'")
_OWNER = r"([^\W\d]\w*(?:\.\w+|\[[^\[\]]{1,40}\])*)\s*\.\s*"
_MOST = 3
_CUTOFF = 0.6


@attrs.frozen
class Misspelled:
    """What an error says is not there."""

    name: str
    kind: Literal["name", "attribute", "import", "module"]
    owner: str = ""
    """Of an attribute the expression before the point; of an import the module."""


def misspelled(error: str, message: str, line: str) -> Misspelled | None:
    """What is not there, by an error's name, its message and the failing line; None if that is
    not what is wrong."""
    if error == "NameError" and (found := _NAME.search(message)):
        return Misspelled(found[1], "name")
    if error == "AttributeError" and (found := _ATTRIBUTE.search(message)):
        owner = re.search(_OWNER + rf"{found[1]}\b", line)
        return Misspelled(found[1], "attribute", owner[1]) if owner else None
    if error == "ImportError" and (found := _IMPORTED.search(message)):
        return Misspelled(found[1], "import", found[2])
    if error == "ModuleNotFoundError" and (found := _MODULE.search(message)):
        return Misspelled(found[1], "module")
    return None


def code_to_complete(wrong: Misspelled) -> str:
    """The code whose completions are the names that there are; empty for a plain name."""
    if wrong.kind == "attribute":
        return f"{wrong.owner}."
    if wrong.kind == "import":
        return f"from {wrong.owner} import "
    if wrong.kind == "module":
        parent, point, _ = wrong.name.rpartition(".")
        return f"import {parent}{point}" if point else f"import {wrong.name[:1]}"
    return ""


def near(wrong: Misspelled, names: Iterable[str]) -> list[str]:
    """The names that come near what was written, nearest first."""
    last = wrong.name.rpartition(".")[2]
    known = {name.rpartition(".")[2] for name in names} - {last}
    if not last.startswith("__"):
        known = {name for name in known if not name.startswith("__")}
    by_case = [name for name in sorted(known) if name.lower() == last.lower()]
    close = difflib.get_close_matches(last, sorted(known), n=_MOST, cutoff=_CUTOFF)
    found = list(dict.fromkeys([*by_case, *close]))[:_MOST]
    parent, point, _ = wrong.name.rpartition(".")
    return [f"{parent}{point}{name}" for name in found]


def place_in(line: str, wrong: Misspelled, column: int | None) -> tuple[int, int] | None:
    """Where in a line the wrong name stands, in characters; None if it does not."""
    before = r"(?<=\.)" if wrong.kind == "attribute" else r"(?<![\w.])"
    pattern = re.compile(rf"{before}{re.escape(wrong.name)}(?!\w)")
    places = [found.span() for found in pattern.finditer(line)]
    if not places:
        return None
    after = [each for each in places if column is None or each[0] >= column]
    return (after or places)[0]
