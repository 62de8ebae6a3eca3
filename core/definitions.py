"""Where functions and classes are defined, how they are called, their text: without user code.

:mod:`inspect` follows ``__wrapped__``, believes ``__signature__`` and asks every loaded module for
its ``__file__``; each may be code of the user's, or a ring.

Rules:

1. A function is what its code object says. ``__wrapped__`` is followed from plain function to plain
   function, a few times; ``__signature__`` counts where it is a real one.
2. A class is where its module's file has a ``class`` of its name.
3. Nothing here raises; what only user code could tell is None.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import linecache
import re
import sys
import types
from collections.abc import Iterator
from types import CodeType
from typing import Any

from .compiler import is_cell, real_path
from .safe import (
    ExactTypes,
    attribute,
    class_attribute,
    instance_dict,
    issubclass_exact,
    type_module,
    type_qualname,
)

BUILT_IN_FUNCTIONS = ExactTypes(
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.MethodWrapperType,
)
_MAXIMUM_WRAPPINGS = 50


def is_class(value: object) -> bool:
    """Whether a value is a class, by its real type."""
    return issubclass_exact(type(value), type)


def function_of(value: object) -> types.FunctionType | None:
    """The plain function behind a function, a method, or what decorators have made of one."""
    for _ in range(_MAXIMUM_WRAPPINGS):
        if type(value) is types.MethodType:
            value = value.__func__
        elif type(value) is functools.partial:
            value = value.func
        elif type(value) is types.FunctionType and "__wrapped__" not in instance_dict(value):
            return value
        else:
            held = instance_dict(value)  # of a function, or of what functools.wraps has marked
            if "__wrapped__" not in held:
                return None
            value = held["__wrapped__"]
    return None


def signature_of(value: object) -> inspect.Signature | None:
    """How a value is called; for a class, without its first parameter."""
    try:
        if is_class(value):
            return _signature_of_class(value)  # type: ignore[arg-type]
        if type(value) is types.MethodType:
            return _without_first(signature_of(value.__func__))
        if type(value) in BUILT_IN_FUNCTIONS:
            return inspect.signature(value)  # type: ignore[arg-type]
        if type(value) is types.FunctionType:
            given = instance_dict(value).get("__signature__")
            if type(given) is inspect.Signature:
                return given
        function = function_of(value)
        if function is None or type(value) is functools.partial:
            return None
        return inspect.signature(_bare(function))
    except (ValueError, TypeError, NameError, SyntaxError, RecursionError):
        return None


def _signature_of_class(kind: type) -> inspect.Signature | None:
    for name in ("__init__", "__new__"):
        made = class_attribute(kind, name)
        if type(made) is staticmethod:
            made = made.__func__
        if type(made) is types.FunctionType:
            return _without_first(signature_of(made))
    built_in = attribute(kind, "__init__")
    if type(built_in) in BUILT_IN_FUNCTIONS:
        return _without_first(inspect.signature(built_in))
    return None


def _without_first(signature: inspect.Signature | None) -> inspect.Signature | None:
    if signature is None:
        return None
    parameters = list(signature.parameters.values())[1:]
    return inspect.Signature(
        parameters, return_annotation=signature.return_annotation, __validate_parameters__=False
    )


def _bare(function: types.FunctionType) -> types.FunctionType:
    """A function of the same parameters, without attributes of the user's."""
    defaults, named = function.__defaults__, function.__kwdefaults__
    made = types.FunctionType(
        function.__code__,
        {},
        function.__name__,
        defaults if type(defaults) is tuple else None,
        function.__closure__,
    )
    if type(named) is dict:
        made.__kwdefaults__ = dict(named)
    annotations = _annotations(function)
    if type(annotations) is dict:
        made.__annotations__ = {
            name: entry for name, entry in tuple(annotations.items()) if type(name) is str
        }
    return made


def _annotations(function: types.FunctionType) -> Any:
    if sys.version_info >= (3, 14):
        annotationlib: Any = importlib.import_module("annotationlib")
        # As texts: their values would have to be computed.
        return annotationlib.get_annotations(function, format=annotationlib.Format.STRING)
    return function.__annotations__


def place_of(value: object) -> tuple[str | None, int | None]:
    """The file that defines a value and its 1-based line in it, as far as they are known."""
    if type(value) is types.ModuleType:
        path = instance_dict(value).get("__file__")
        return (path, None) if type(path) is str else (None, None)
    name, lines, index = _definition(value)
    if name is None or (name.startswith("<") and not lines):
        return None, None
    return real_path(name), index + 1 if lines else None


def code_of(value: object) -> CodeType | None:
    """The code of a function, or of a class's first method (of a value: of its class's)."""
    function = function_of(value)
    if function is not None:
        return function.__code__
    kind: Any = value if is_class(value) else type(value)
    return next(_methods(kind), None)


def source_of(value: object) -> str | None:
    """The text of the definition of a function, class, or module, or of a value's class."""
    if type(value) is types.ModuleType:
        path = instance_dict(value).get("__file__")
        lines = _lines_of(path) if type(path) is str else []
        return "".join(lines).rstrip() or None
    if not is_class(value) and function_of(value) is None and type(value) not in BUILT_IN_FUNCTIONS:
        value = type(value)
    _, lines, index = _definition(value)
    if not lines:
        return None
    try:
        return "".join(inspect.getblock(lines[index:])).rstrip()
    except (SyntaxError, IndexError, ValueError):
        return lines[index].rstrip()


def _definition(value: object) -> tuple[str | None, list[str], int]:
    """File name as compiled, lines, and 0-based line of a definition; no lines if not found."""
    if is_class(value):
        return _definition_of_class(value)  # type: ignore[arg-type]
    function = function_of(value)
    if function is None:
        return None, [], 0
    code = function.__code__
    lines = _lines_of(code.co_filename)
    index = code.co_firstlineno - 1
    return code.co_filename, lines if index < len(lines) else [], index


def _definition_of_class(kind: type) -> tuple[str | None, list[str], int]:
    name = _file_of_methods(kind)
    if name is None:
        module = sys.modules.get(type_module(kind))
        name = instance_dict(module).get("__file__") if type(module) is types.ModuleType else None
        if type(name) is not str:
            return None, [], 0
    lines = _lines_of(name)
    first = instance_dict(kind).get("__firstlineno__")  # since Python 3.13
    if type(first) is int and 0 < first <= len(lines):
        return name, lines, first - 1
    found = _lines_of_class(lines, type_qualname(kind).rpartition(".")[2])
    if not found:
        return name, [], 0
    methods = _first_method_line(kind, name)
    before = [index for index in found if methods is None or index < methods]
    return name, lines, _with_decorators(lines, (before or found)[-1])


def _methods(kind: type) -> Iterator[CodeType]:
    """The code of a class's own methods that stands in a file or a cell."""
    for entry in tuple(instance_dict(kind).values()):
        if type(entry) is types.FunctionType:
            code = entry.__code__
            is_text = not code.co_filename.startswith("<") or is_cell(code.co_filename)
            if is_text and entry.__qualname__.startswith(f"{type_qualname(kind)}."):
                yield code


def _file_of_methods(kind: type) -> str | None:
    """Where its methods are: a cell that was edited since names the text that ran."""
    return next((code.co_filename for code in _methods(kind)), None)


def _first_method_line(kind: type, name: str) -> int | None:
    """The 0-based line of a class's first method, to know it from others of its name."""
    lines = (code.co_firstlineno - 1 for code in _methods(kind) if code.co_filename == name)
    return min(lines, default=None)


def _lines_of(name: str) -> list[str]:
    linecache.checkcache(name)
    return linecache.getlines(name)


def _lines_of_class(lines: list[str], name: str) -> list[int]:
    pattern = re.compile(rf"[ \t]*class[ \t]+{re.escape(name)}\b")
    return [index for index, line in enumerate(lines) if pattern.match(line)]


def _with_decorators(lines: list[str], index: int) -> int:
    indent = len(lines[index]) - len(lines[index].lstrip())
    while index > 0 and lines[index - 1][indent : indent + 1] == "@":
        index -= 1
    return index
