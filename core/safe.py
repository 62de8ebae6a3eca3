"""Look-ups that run no user code: what the lane uses while a cell runs.

Rules:

1. No property, ``__getattr__``, ``__getattribute__``, ``__dir__``, ``__repr__``, ``__len__``,
   ``__eq__``, ``__hash__``, ``__class__`` or ``__dict__`` of the user's is ever called: types are
   asked through ``type``'s own slots, and only exact built-in containers are looked into.
2. Nothing here raises for any object, and nothing takes longer than its budget.
3. What would need user code is :data:`UNKNOWN`, never a guess.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, Final


class ExactTypes:
    """Some types; whether a type is one of them is asked by identity.

    ``kind in (list, dict)`` would ask the ``__eq__`` of a metaclass.
    """

    def __init__(self, *kinds: type) -> None:
        self._kinds = kinds
        self._ids = frozenset(map(id, kinds))

    def __contains__(self, kind: type) -> bool:
        return id(kind) in self._ids


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""The answer where only user code could tell."""

# The slots of ``type`` itself: nothing that a class or metaclass defines comes between.
_mro_of: Any = type.__dict__["__mro__"].__get__
_dict_of_type: Any = type.__dict__["__dict__"].__get__
_dict_of_module: Any = types.ModuleType.__dict__["__dict__"].__get__  # type: ignore[index]
_qualname_of_type: Any = type.__dict__["__qualname__"].__get__
_module_of_type: Any = type.__dict__["__module__"].__get__

# Getters written in C that only read: they may be called for objects of these modules.
_C_GETTERS = ("builtins", "numpy", "types")
_ATOMS = ExactTypes(
    *(int, float, complex, bool, str, bytes),
    *(type(None), type(Ellipsis), type(NotImplemented)),
)
_TEXTS = ExactTypes(str, bytes, bytearray)
_CONTAINERS = ExactTypes(list, tuple, dict, set, frozenset)
_SIZED = ExactTypes(list, tuple, dict, set, frozenset, str, bytes, bytearray, range)
_INDEXED = ExactTypes(list, tuple, str, bytes, range)
_INDEXES = ExactTypes(int, bool)
_ASKING = ExactTypes(
    *(types.MethodType, types.GenericAlias, types.UnionType),
    *(property, staticmethod, classmethod),
)
_WRAPPERS = ExactTypes(staticmethod, classmethod)
_FUNCTIONS = ExactTypes(types.FunctionType, types.BuiltinFunctionType)
_PLAIN_METHODS = ExactTypes(
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    staticmethod,
    classmethod,
)


def mro_of(kind: type) -> tuple[type, ...]:
    """The classes of a type, itself first; a metaclass is not asked."""
    return tuple(_mro_of(kind))


def type_qualname(kind: type) -> str:
    """The name of a type within its module; a metaclass is not asked."""
    return str(_qualname_of_type(kind))


def type_name(value: object) -> str:
    """The qualified name of a value's type; ``builtins`` is left out."""
    return name_of_type(type(value))


def name_of_type(kind: type) -> str:
    """The qualified name of a type; ``builtins`` is left out."""
    module = type_module(kind)
    name = str(_qualname_of_type(kind))
    return name if module in ("builtins", "__main__", "") else f"{module}.{name}"


def type_module(kind: type) -> str:
    """The module that a type says it is from; empty if it says nothing sensible."""
    try:
        module = _module_of_type(kind)
    except AttributeError:
        return ""
    return module if type(module) is str else ""


def instance_dict(value: object) -> dict[str, Any]:
    """The value's own attributes, or an empty dict if only user code could tell them."""
    if isinstance_exact(value, types.ModuleType):
        found = _dict_of_module(value)
        return found if type(found) is dict else {}
    if issubclass_exact(type(value), type):
        return dict(_dict_of_type(value))
    for kind in _mro_of(type(value)):
        descriptor = _dict_of_type(kind).get("__dict__")
        if descriptor is not None:
            if type(descriptor) is not types.GetSetDescriptorType:
                return {}
            found = descriptor.__get__(value)
            return found if type(found) is dict else {}
    return {}


def isinstance_exact(value: object, kind: type) -> bool:
    """Whether the value's real type has ``kind`` among its bases; ``__class__`` is not asked."""
    return issubclass_exact(type(value), kind)


def issubclass_exact(kind: type, base: type) -> bool:
    """Whether ``base`` is among the bases of ``kind``; no ``__subclasscheck__`` is asked."""
    return any(entry is base for entry in _mro_of(kind))


def class_attribute(kind: type, name: str) -> Any:
    """What the classes of ``kind`` hold under a name, unbound, or :data:`UNKNOWN`."""
    for entry in _mro_of(kind):
        found = _dict_of_type(entry)
        if name in found:
            return found[name]
    return UNKNOWN


def own_docstring(kind: type) -> Any:
    """What a class itself holds as its docstring; its metaclass is not asked."""
    found = _dict_of_type(kind).get("__doc__")
    if found is None and type_module(kind) == "builtins":
        found = type.__dict__["__doc__"].__get__(kind)  # made of the C type's text
    return found


def asks_nothing_of_its_metaclass(kind: type) -> bool:
    """Whether looking up attributes of a class runs no code of a metaclass of the user's."""
    meta = type(kind)
    if type_module(meta) in ("builtins", "abc", "enum", "typing"):
        return True
    return (
        class_attribute(meta, "__getattribute__") is type.__dict__["__getattribute__"]
        and class_attribute(meta, "__getattr__") is UNKNOWN
    )


def attribute(value: object, name: str) -> Any:
    """The attribute as Python would find it, unless that takes user code: then UNKNOWN."""
    is_type = issubclass_exact(type(value), type)
    if is_type:
        held = class_attribute(value, name)  # type: ignore[arg-type]
        if held is not UNKNOWN:
            return _unwrapped(held)
    on_class = class_attribute(type(value), name)
    if (not is_type and on_class is UNKNOWN) or _is_plain(on_class):
        own = instance_dict(value)
        if name in own:
            return own[name]
    if on_class is UNKNOWN:
        return UNKNOWN
    if type(on_class) is types.MemberDescriptorType or (
        type(on_class) is types.GetSetDescriptorType and _is_c_getter(on_class)
    ):
        try:
            return on_class.__get__(value)
        except (AttributeError, TypeError, ValueError):
            return UNKNOWN  # an empty slot, or a getter that does not fit
    if type(on_class) is types.FunctionType:
        return types.MethodType(on_class, value)  # what Python would make of it; nothing is run
    return _unwrapped(on_class)


def _is_c_getter(descriptor: Any) -> bool:
    """Whether a getter only reads. Some of C ask the object that they stand for."""
    owner = descriptor.__objclass__
    if owner in _ASKING or (sys.version_info >= (3, 14) and "annot" in descriptor.__name__):
        return False
    return type_module(owner).split(".")[0] in _C_GETTERS


def _is_plain(value: object) -> bool:
    """Whether finding the value on a class ends the search without calling anything."""
    return class_attribute(type(value), "__get__") is UNKNOWN or type(value) in _PLAIN_METHODS


def _unwrapped(held: Any) -> Any:
    if type(held) in _WRAPPERS:
        inner = held.__func__
        return inner if type(inner) in _FUNCTIONS else UNKNOWN
    if type(held) in _PLAIN_METHODS or class_attribute(type(held), "__get__") is UNKNOWN:
        return held
    return UNKNOWN


def attribute_names(value: object) -> set[str]:
    """The names that ``dir`` would find without asking a ``__dir__``."""
    names: set[str] = set()
    kinds = list(_mro_of(type(value)))
    if issubclass_exact(type(value), type):
        kinds = [*_mro_of(value), type]
    for kind in kinds:
        names.update(name for name in tuple(_dict_of_type(kind)) if type(name) is str)
    if not issubclass_exact(type(value), type):
        names.update(name for name in tuple(instance_dict(value)) if type(name) is str)
    return names


def evaluate(expression: str, namespace: Mapping[str, Any]) -> Any:
    """The value of names, attributes and constant look-ups such as ``a.b[0].c["key"]``.

    Returns :data:`UNKNOWN` for anything else, and where user code would have to run.
    """
    try:
        return _evaluate(ast.parse(expression.strip(), mode="eval").body, namespace)
    except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError):
        return UNKNOWN


def _evaluate(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        found = namespace.get(node.id, UNKNOWN)
        return vars(builtins).get(node.id, UNKNOWN) if found is UNKNOWN else found
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Attribute):
        owner = _evaluate(node.value, namespace)
        return UNKNOWN if owner is UNKNOWN else attribute(owner, node.attr)
    if isinstance(node, ast.Subscript):
        owner = _evaluate(node.value, namespace)
        return UNKNOWN if owner is UNKNOWN else _item(owner, node.slice)
    if isinstance(node, (ast.List, ast.Tuple, ast.Dict, ast.Set)):
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError):
            return UNKNOWN
    return UNKNOWN


def _item(owner: object, index: ast.expr) -> Any:
    try:
        key = ast.literal_eval(index)
    except (ValueError, TypeError, RecursionError):
        return UNKNOWN
    if type(owner) is dict:
        # Only keys of built-in types are compared: another's __eq__ would be user code.
        for candidate, value in tuple(owner.items()):
            if type(candidate) is type(key) and candidate == key:
                return value
        return UNKNOWN
    if type(owner) in _INDEXED and type(key) in _INDEXES:
        try:
            return owner[key]  # type: ignore[index]
        except IndexError:
            return UNKNOWN
    return UNKNOWN


def summary(value: object) -> dict[str, Any]:
    """What can be told without user code: ``type``; ``length``, ``shape``, ``dtype``, ``size``."""
    told: dict[str, Any] = {"type": type_name(value)}
    kind = type(value)
    if kind in _SIZED:
        told["length"] = len(value)  # type: ignore[arg-type]
    if is_of(kind, "numpy", "ndarray"):
        told["shape"] = tuple(attribute(value, "shape"))
        told["dtype"] = str(attribute(value, "dtype"))
        told["size"] = int(attribute(value, "nbytes"))
    elif is_of(kind, "pandas", "DataFrame", "Series"):
        told.update(_pandas_summary(value))
    return told


def is_of(kind: type, library: str, *names: str) -> bool:
    """Whether a type is the very one that a library offers: anyone may take its name."""
    if type_module(kind).partition(".")[0] != library:
        return False
    held = instance_dict(sys.modules.get(library))
    return any(held.get(name) is kind for name in names)


def _pandas_summary(value: object) -> dict[str, Any]:
    """Shape and columns of an exact DataFrame or Series: pandas' own code, never the user's."""
    try:
        told: dict[str, Any] = {"shape": tuple(value.shape)}  # type: ignore[attr-defined]
        if is_of(type(value), "pandas", "Series"):
            told["dtype"] = str(value.dtype)  # type: ignore[attr-defined]
        return told
    except Exception:  # noqa: BLE001 - a frame that main is changing may be inconsistent
        return {}


def column_names(value: object) -> list[str]:
    """The string columns of an exact pandas DataFrame; field names of a structured array."""
    kind = type(value)
    try:
        if is_of(kind, "pandas", "DataFrame"):
            columns = first_items(value.columns)  # type: ignore[attr-defined]
            return [column for column in columns if type(column) is str]
        if is_of(kind, "numpy", "ndarray", "void"):
            return list(attribute(attribute(value, "dtype"), "names") or ())
    except Exception:  # noqa: BLE001 - a frame that main is changing may be inconsistent
        return []
    return []


_Hides = Callable[[str], bool]


def safe_repr(value: object, limit: int = 200, *, hides: _Hides | None = None) -> str:
    """A bounded text of a value, made without user code, at most ``limit`` characters.

    ``hides`` says of which keys in a dict the value is not told.
    """
    text = _safe_repr(value, [limit], 3, hides)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _safe_repr(value: object, budget: list[int], depth: int, hides: _Hides | None) -> str:
    kind = type(value)
    if kind in _TEXTS:
        size = max(8, budget[0])
        text = repr(value if len(value) <= size else value[:size])  # type: ignore[arg-type,index]
        text = text if len(value) <= size else text + "…"  # type: ignore[arg-type]
    elif kind is int:
        text = repr(value) if int.bit_length(value) < 4000 else "<int of many digits>"  # type: ignore[arg-type]
    elif kind in _ATOMS:
        text = repr(value)
    elif kind in _CONTAINERS:
        return _container(value, budget, depth, hides)
    elif kind is types.FunctionType:
        text = f"<function {value.__qualname__}>"  # type: ignore[attr-defined]
    elif kind is types.ModuleType:
        name = instance_dict(value).get("__name__")
        text = f"<module {name!r}>" if type(name) is str else "<module>"
    elif issubclass_exact(kind, type):
        text = f"<class {_qualname_of_type(value)!r}>"
    else:
        text = _described(value)
    budget[0] -= len(text)
    return text


def _described(value: object) -> str:
    told = summary(value)
    parts = [f"{key}={told[key]}" for key in ("shape", "dtype") if key in told]
    return f"<{' '.join([told['type'], *parts])}>"


MAXIMUM_ITEMS = 100
_BRACKETS: dict[type, str] = {list: "[]", tuple: "()", dict: "{}", set: "{}", frozenset: "{}"}


def first_items(value: Any, count: int = 5000) -> tuple[Any, ...]:
    """The first ``count`` items of a built-in container: its length must cost nothing."""
    for _ in range(10):
        try:
            return tuple(itertools.islice(value, count))
        except RuntimeError:
            continue  # another thread has changed it meanwhile
    return ()


def _container(value: Any, budget: list[int], depth: int, hides: _Hides | None) -> str:
    brackets = _BRACKETS[type(value)]
    opening, closing = brackets[0], brackets[1]
    if not value:
        return repr(value)
    if depth == 0:
        return f"{opening}…{closing}"
    parts: list[str] = []
    source = dict.items(value) if type(value) is dict else value
    for item in first_items(source, MAXIMUM_ITEMS + 1):
        if budget[0] <= 0 or len(parts) >= MAXIMUM_ITEMS:
            parts.append("…")
            break
        if type(value) is dict:
            key = _safe_repr(item[0], budget, depth - 1, hides)
            if hides is not None and type(item[0]) is str and hides(item[0]):
                parts.append(f"{key}: <hidden>")
            else:
                parts.append(f"{key}: {_safe_repr(item[1], budget, depth - 1, hides)}")
        else:
            parts.append(_safe_repr(item, budget, depth - 1, hides))
        budget[0] -= 2
    inside = ", ".join(parts)
    if type(value) is tuple and len(value) == 1:
        inside += ","
    text = f"{opening}{inside}{closing}"
    return f"frozenset({text})" if type(value) is frozenset else text
