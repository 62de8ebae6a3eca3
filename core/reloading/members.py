"""Members of an enum stay the objects they are when its text runs again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ..safe import instance_dict

_MAPS = ("_member_map_", "_value2member_map_")
_COMPARABLE = (int, float, str, bytes, complex, tuple)


def match_members(old: Any, new: Any, where: str, notes: list[str]) -> Iterator[tuple[Any, Any]]:
    """Pairs (member of ``new``, the member of ``old`` that stays for it); notes what is lost."""
    enum = sys.modules.get("enum")
    if enum is None or not issubclass(type(old), enum.EnumMeta):
        return
    held, made = old.__dict__["_member_map_"], new.__dict__["_member_map_"]
    stays: dict[int, Any] = {}
    for name, member in made.items():
        before = held.get(name)
        if before is None or name != member._name_ or before._name_ != name:
            continue
        if not _can_become(before, member, new.__dict__.get("_member_type_", object)):
            notes.append(
                f"{where}.{name} was {before._value_!r} and is {member._value_!r} now: values kept "
                f"from before are no members any more; take {name} anew."
            )
            continue
        mine, theirs = instance_dict(before), instance_dict(member)
        mine.clear()
        mine.update(theirs)
        stays[id(member)] = before
        yield member, before
    for name in held.keys() - made.keys():
        notes.append(f"{where} has no {name} any more; values kept from before still hold it.")
    for name in _MAPS:
        table = new.__dict__[name]
        for key, member in list(table.items()):
            table[key] = stays.get(id(member), member)
    _keep_combinations(old, new)


def _can_become(before: Any, member: Any, data: Any) -> bool:
    """Whether the old member can have the new value: what ``int`` or ``str`` hold cannot change."""
    if data is object:
        return True
    kind = next((each for each in _COMPARABLE if issubclass(data, each)), None)
    return kind is not None and bool(kind.__eq__(before, member))


def _keep_combinations(old: Any, new: Any) -> None:
    """Combined flags that were made (``READ | WRITE``) stay the objects they are."""
    named = old.__dict__["_member_map_"]
    table = new.__dict__["_value2member_map_"]
    values = [member._value_ for member in new.__dict__["_member_map_"].values()]
    if not all(type(value) is int for value in values):
        return
    mask = 0
    for value in values:
        mask |= value
    for value, member in old.__dict__["_value2member_map_"].items():
        if member._name_ not in named and type(value) is int and not value & ~mask:
            table.setdefault(value, member)
