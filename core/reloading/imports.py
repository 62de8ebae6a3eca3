"""Which names a text imports from where: for the order of reloads, and for copied values.

Rules:

1. Import statements are found by their form, line by line: cells are not always Python, and
   parsing a thousand files would be felt. One in a string does no harm, for every use checks
   what the name really holds.
2. Whatever cannot be resolved is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_FROM = re.compile(
    r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n;#]+)", re.MULTILINE
)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([^\n;#]+)", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n]*")
STAR = "*"


@dataclass(frozen=True)
class ImportedName:
    """``from module import attribute as name``."""

    module: str
    attribute: str
    """:data:`STAR` for all of them."""
    name: str


def names_imported(text: str, package: str) -> Iterator[ImportedName]:
    """What the ``from … import …`` statements of a text bind."""
    for match in _FROM.finditer(text):
        module = _absolute(match[1], package)
        for part in _COMMENT.sub("", match[2]).strip("() \t\n\\").split(","):
            words = part.replace("\\\n", " ").split()
            if module and words and (len(words) == 1 or words[1:2] == ["as"]):
                yield ImportedName(module, words[0], words[-1])


def modules_imported(text: str, package: str) -> set[str]:
    """The modules that a text may import, their packages among them."""
    found = {part.split()[0] for match in _IMPORT.finditer(text) for part in _parts(match[1])}
    for each in names_imported(text, package):
        found.update((each.module, f"{each.module}.{each.attribute}"))
    for name in tuple(found):
        while name := name.rpartition(".")[0]:
            found.add(name)
    return found


def _parts(listed: str) -> list[str]:
    return [part for part in listed.split(",") if part.strip()]


def _absolute(module: str, package: str) -> str:
    """The full name of a module that a text of ``package`` calls ``module``."""
    name = module.lstrip(".")
    level = len(module) - len(name)
    if level == 0:
        return name
    base = package.split(".") if package else []
    if level - 1 >= len(base):
        return ""
    return ".".join([*base[: len(base) - level + 1], *([name] if name else [])])


def in_order(
    items: Iterable[T], name_of: Callable[[T], str], imports_of: Callable[[T], set[str]]
) -> list[T]:
    """Items so that what one imports comes before it; as they came where they import each other."""
    waiting = {name_of(item): item for item in items}
    ordered: list[T] = []

    def place(name: str) -> None:
        item = waiting.pop(name, None)
        if item is None:
            return
        for imported in sorted(imports_of(item) & waiting.keys()):
            place(imported)
        ordered.append(item)

    for name in tuple(waiting):
        place(name)
    return ordered
