"""What class an item would be of, where only user code or a library could give the item itself.

A column of a table is a Series, whatever it holds: its methods can be offered without taking it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from typing import Any

from .safe import (
    UNKNOWN,
    ExactTypes,
    attribute,
    class_attribute,
    column_names,
    evaluate,
    instance_dict,
    is_of,
)

_SLICED = ExactTypes(list, tuple, str, bytes, bytearray, range)


def item_class(expression: str, namespace: Mapping[str, Any]) -> type | None:
    """The class of ``owner[index]``, ``owner.column`` or ``Class()``, or None if it is not known.

    Tables and series of pandas, arrays of numpy and the built-in sequences are known, each only
    as the very type; the index is a constant or a slice. Runs no user code.
    """
    try:
        node = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(node, ast.Call):
        return _made_by(evaluate(ast.unparse(node.func), namespace))
    if not isinstance(node, (ast.Subscript, ast.Attribute)):
        return None
    owner = evaluate(ast.unparse(node.value), namespace)
    if owner is UNKNOWN:
        return None
    if isinstance(node, ast.Attribute):
        is_column = class_attribute(type(owner), node.attr) is UNKNOWN
        return _column_class(owner, node.attr) if is_column else None
    if isinstance(node.slice, ast.Slice):
        return _slice_class(owner)
    if isinstance(node.slice, ast.Constant):
        return _entry_class(owner, node.slice.value)
    return None


def _made_by(called: object) -> type | None:
    """What a call of a class gives, if nothing of the user's decides otherwise."""
    if type(called) is not type:
        return None  # no class, or one whose metaclass may give anything
    made_by = class_attribute(called, "__new__")
    return called if type(made_by) is type(object.__new__) else None


def _column_class(owner: object, name: object) -> type | None:
    if not is_of(type(owner), "pandas", "DataFrame") or type(name) is not str:
        return None
    if column_names(owner).count(name) != 1:
        return None  # of several columns of one name it would be a table
    found = instance_dict(sys.modules.get("pandas")).get("Series")
    return found if isinstance(found, type) else None


def _slice_class(owner: object) -> type | None:
    kind = type(owner)
    is_known = is_of(kind, "pandas", "DataFrame", "Series") or is_of(kind, "numpy", "ndarray")
    return kind if is_known or kind in _SLICED else None


def _entry_class(owner: object, index: object) -> type | None:
    if not is_of(type(owner), "numpy", "ndarray"):
        return _column_class(owner, index)
    if type(index) is not int:
        return None
    dtype = attribute(owner, "dtype")
    if attribute(owner, "ndim") != 1:
        return type(owner)
    found = attribute(dtype, "type")
    return found if isinstance(found, type) and attribute(dtype, "kind") != "O" else None
