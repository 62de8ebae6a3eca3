"""How one function takes over what another does, and stays the object it is."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from types import CellType, CodeType, FunctionType, MappingProxyType
from typing import Any

from ..safe import instance_dict

MISSING: Any = object()
"""What an empty cell holds."""

_COPIED = (
    *("__doc__", "__defaults__", "__kwdefaults__", "__module__", "__name__", "__qualname__"),
    *("__annotate__", "__annotations__", "__type_params__"),  # as the Python has them
)
_TARGET = "the new function"
CACHED: Any = type(functools.lru_cache(lambda: None))
"""What ``lru_cache`` and ``cache`` make."""

INNER: dict[type, str] = {
    staticmethod: "__func__",
    classmethod: "__func__",
    property: "fget",
    functools.cached_property: "func",
    functools.partial: "func",
    CACHED: "__wrapped__",
}
"""Kinds that are made of a function → the attribute that holds it."""


def wrapped_by(value: Any) -> Any:
    """The function or class that a decorator's object was made of; None if it does not say."""
    kind = type(value)
    if kind in INNER:
        return getattr(value, INNER[kind])
    return None if issubclass(kind, type) else instance_dict(value).get("__wrapped__")


def contents(cell: CellType) -> Any:
    """What a cell holds; :data:`MISSING` if it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def fits(function: FunctionType, model: FunctionType) -> bool:
    """Whether a function may run the model's code with its own variables.

    Functions that are put on a function (``f.reset``) may share its variables: they must be able
    to change together.
    """
    return (
        function.__code__.co_freevars == model.__code__.co_freevars
        and function.__globals__ is model.__globals__
        and _functions_on(model) <= _functions_on(function)
    )


def _functions_on(function: FunctionType) -> set[str]:
    return {name for name, value in function.__dict__.items() if type(value) is FunctionType}


def copy_code(function: FunctionType, model: FunctionType) -> None:
    """Give a function the model's code and what describes it; closure and ``__dict__`` stay."""
    function.__code__ = model.__code__
    for name in _COPIED:
        if hasattr(model, name):
            setattr(function, name, getattr(model, name))


def imitate(function: FunctionType, model: Any) -> None:
    """Make a function that is in use nowhere important do what the model does."""
    if function is model:
        return
    if type(model) is not FunctionType or not fits(function, model):
        forward(function, model)
        return
    copy_code(function, model)
    cells = zip(function.__closure__ or (), model.__closure__ or (), strict=True)
    for name, (mine, theirs) in zip(model.__code__.co_freevars, cells, strict=True):
        if name != "__class__" and mine is not theirs and contents(theirs) is not MISSING:
            mine.cell_contents = theirs.cell_contents
    function.__dict__.clear()
    function.__dict__.update(model.__dict__)


def keep_registrations(registry: Any, function: Any, is_replaced: Callable[[Any], bool]) -> None:
    """Register with a ``singledispatch`` function what others had registered with the old one."""
    if type(registry) is not MappingProxyType or not hasattr(function, "dispatch"):
        return
    for kind, implementation in registry.items():
        if kind not in function.registry and not is_replaced(implementation):
            function.register(kind, implementation)


def forward(function: FunctionType, target: Any) -> None:
    """Make a function call ``target``, whatever it closes over and takes itself."""
    code = _forwarding_template(len(function.__code__.co_freevars))
    constants = (target if each == _TARGET else each for each in code.co_consts)
    function.__code__ = code.replace(co_consts=tuple(constants), co_name=function.__name__)
    function.__defaults__ = function.__kwdefaults__ = None
    function.__doc__ = getattr(target, "__doc__", None)
    function.__dict__.clear()
    function.__wrapped__ = target  # type: ignore[attr-defined]


@functools.lru_cache
def _forwarding_template(count: int) -> CodeType:
    """Code that closes over ``count`` variables and uses none: Python wants the same number."""
    cells = [f"cell_{number}" for number in range(count)]
    names: dict[str, Any] = {}
    source = (
        f"def make({', '.join(cells)}):\n"
        "    def forward(*args, **kwargs):\n"
        f"        return {_TARGET!r}(*args, **kwargs)\n"
        f"        {', '.join(cells)}\n"
        "    return forward\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # it calls a text, whose place is taken
        exec(compile(source, "<forwarded to its new version>", "exec"), names)
    code: CodeType = names["make"](*cells).__code__
    return code
