"""``obj?`` and ``obj??``: what can be told of an object.

Rules:

1. The fields are those of the paper's Figure 5 (Type, String form, Namespace, File, Length,
   Docstring, Source), and the signature, which users of today's shells expect.
2. With ``safe`` nothing of the user's runs: the string form is then that of
   :func:`vivo.core.safe.safe_repr`.
"""

from __future__ import annotations

import builtins
import fnmatch
import inspect
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .compiler import real_path
from .safe import (
    UNKNOWN,
    asks_nothing_of_its_metaclass,
    attribute,
    evaluate,
    own_docstring,
    safe_repr,
    summary,
    type_name,
)

_STRING_FORM_LIMIT = 2_000
_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)


@dataclass
class Inspection:
    """What was found, as data; a field is None where there is nothing to tell."""

    name: str
    type: str
    string_form: str | None = None
    namespace: str | None = None
    file: str | None = None
    line: int | None = None
    """1-based line of the definition."""
    length: int | None = None
    shape: str | None = None
    dtype: str | None = None
    signature: str | None = None
    docstring: str | None = None
    source: str | None = None

    _LABELS = {  # noqa: RUF012 - a table of the class, not a field
        "signature": "Signature",
        "type": "Type",
        "string_form": "String form",
        "namespace": "Namespace",
        "file": "File",
        "length": "Length",
        "shape": "Shape",
        "dtype": "Data type",
        "source": "Source",
        "docstring": "Docstring",
    }

    def text(self, *, colour: bool = False) -> str:
        """The fields as text; Source stands in the Docstring's place where it is known."""
        lines = []
        for key, label in self._LABELS.items():
            value = getattr(self, key)
            if value is None or (key == "docstring" and self.source):
                continue
            head = f"\x1b[31m{label}:\x1b[0m" if colour else f"{label}:"
            padding = " " * max(1, 14 - len(label) - 1)
            block = key in ("source", "docstring") or "\n" in str(value)
            lines.append(f"{head}\n{value}" if block else f"{head}{padding}{value}")
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """The fields that have a value, as plain data."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def inspect_value(
    name: str, value: object, namespace: str | None, *, detail_level: int = 0, safe: bool = True
) -> Inspection:
    """What can be told of a value that is called ``name``. Never raises an ``Exception``."""
    told = Inspection(name, type_name(value), namespace=namespace)
    facts = summary(value)
    told.length = facts.get("length")
    told.shape = str(facts["shape"]) if "shape" in facts else None
    told.dtype = facts.get("dtype")
    told.string_form = safe_repr(value, _STRING_FORM_LIMIT) if safe else _own_text(value)
    told.signature = _signature(name, value)
    told.docstring = _docstring(value)
    _locate(told, value)
    if detail_level > 0:
        told.source = _source(value)
    return told


def _own_text(value: object) -> str:
    try:
        text = str(value)
    except Exception as error:  # noqa: BLE001 - the user's __str__ may raise anything
        return f"<its text cannot be made: {type(error).__name__}>"
    return text if len(text) <= _STRING_FORM_LIMIT else text[:_STRING_FORM_LIMIT] + "…"


def _function_of(value: object) -> Any:
    """The function behind a value, or None: the only things whose code can be read."""
    if type(value) is types.MethodType:
        return value.__func__
    if type(value) in _FUNCTIONS:
        return value
    return None


def _signature(name: str, value: object) -> str | None:
    target: Any = value
    if isinstance_of_type(value):
        target = attribute(value, "__init__")
    elif type(value) not in _FUNCTIONS:
        return None
    if type(target) not in _FUNCTIONS:
        return None
    try:
        signature = inspect.signature(target)
    except (ValueError, TypeError, NameError):
        return None
    parameters = [_without_user_code(entry) for entry in signature.parameters.values()]
    returns = _SafeText.of(signature.return_annotation)
    if isinstance_of_type(value):
        parameters, returns = parameters[1:], inspect.Signature.empty
    signature = inspect.Signature(
        parameters, return_annotation=returns, __validate_parameters__=False
    )
    return f"{name.rsplit('.', 1)[-1]}{_bounded(str(signature), 500)}"


class _SafeText:
    """Stands for a default or an annotation, whose own ``__repr__`` would be user code."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    @classmethod
    def of(cls, value: Any) -> Any:
        """The stand-in of a value; the mark of an absent one stays itself."""
        if value is inspect.Parameter.empty:
            return value
        if isinstance_of_type(value):
            return cls(safe_type_text(value))
        return cls(value if type(value) is str else safe_repr(value, 60))


def safe_type_text(kind: type) -> str:
    """A class as an annotation shows it."""
    return safe_repr(kind, 80).removeprefix("<class '").removesuffix("'>")


def _without_user_code(parameter: inspect.Parameter) -> inspect.Parameter:
    default = parameter.default
    if default is not inspect.Parameter.empty:
        default = _SafeText(safe_repr(default, 60))
    return parameter.replace(default=default, annotation=_SafeText.of(parameter.annotation))


def isinstance_of_type(value: object) -> bool:
    """Whether a value is a class, by its real type."""
    return issubclass(type(value), type)


def _bounded(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _docstring(value: object) -> str | None:
    found = attribute(value, "__doc__")
    if type(value) is types.MethodType:
        found = value.__func__.__doc__
    elif isinstance_of_type(value):
        found = own_docstring(value)  # type: ignore[arg-type]
    elif type(value) in _FUNCTIONS:
        found = getattr(value, "__doc__", None)
    if type(found) is not str or not found.strip():
        return None
    return inspect.cleandoc(found)


def _locate(told: Inspection, value: object) -> None:
    function = _function_of(value)
    target: Any = function if function is not None else value
    if function is None and not isinstance_of_type(value):
        if type(value) is types.ModuleType:
            path = attribute(value, "__file__")
            told.file = path if type(path) is str else None
        return
    if isinstance_of_type(value) and not asks_nothing_of_its_metaclass(value):  # type: ignore[arg-type]
        return
    try:
        told.file = real_path(inspect.getsourcefile(target) or inspect.getfile(target))
        told.line = inspect.getsourcelines(target)[1] or 1
    except (TypeError, OSError, IndexError):
        return


def _source(value: object) -> str | None:
    function = _function_of(value)
    target: Any = function if function is not None else value
    if function is None and not isinstance_of_type(value) and type(value) is not types.ModuleType:
        target = type(value)
    if isinstance_of_type(target) and not asks_nothing_of_its_metaclass(target):
        return None
    try:
        return inspect.getsource(target).rstrip()
    except (TypeError, OSError, IndexError, SyntaxError):
        return None


def find(name: str, namespace: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The value of a dotted name and the namespace it lives in; UNKNOWN where there is none."""
    value = evaluate(name, namespace)
    if value is UNKNOWN:
        return UNKNOWN, None
    root = name.replace("[", ".").split(".")[0].strip()
    where = "Interactive" if root in namespace else "Python builtin"
    return value, where


def matching_names(
    pattern: str, namespace: Mapping[str, Any], *, ignore_case: bool = False
) -> list[str]:
    """The names that match a wildcard pattern; ``a.*b*`` looks into ``a``."""
    from .safe import attribute_names

    owner, _, last = pattern.rpartition(".")
    if owner:
        prefixes = (
            [owner]
            if "*" not in owner
            else matching_names(owner, namespace, ignore_case=ignore_case)
        )
        found = []
        for prefix in prefixes:
            value = evaluate(prefix, namespace)
            if value is not UNKNOWN:
                found += [
                    f"{prefix}.{name}" for name in attribute_names(value) if _fits(name, last)
                ]
        return sorted(found)
    everything = {*tuple(namespace), *vars(builtins)}
    if ignore_case:
        return sorted(name for name in everything if _fits(name.lower(), last.lower()))
    return sorted(name for name in everything if _fits(name, last))


def _fits(name: str, pattern: str) -> bool:
    if name.startswith("_") and not pattern.startswith("_"):
        return False  # private names on demand
    return fnmatch.fnmatchcase(name, pattern)
