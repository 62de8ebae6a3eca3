"""``obj?`` and ``obj??``: what can be told of an object.

Rules:

1. The fields are those of the paper's Figure 5 (Type, String form, Namespace, File, Length,
   Docstring, Source), and the signature, which users of today's shells expect.
2. With ``safe`` nothing of the user's runs: the string form is then that of
   :func:`vivo.core.safe.safe_repr`.
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter, itemgetter
from typing import Any

from .definitions import is_class, place_of, signature_of, source_of
from .execution import call_user_code
from .safe import (
    UNKNOWN,
    attribute,
    class_attribute,
    evaluate,
    own_docstring,
    safe_repr,
    summary,
    type_name,
)
from .time_limit import TimeIsUp, time_limit
from .tracebacks import described

_STRING_FORM_LIMIT = 2_000
_DOCSTRING_LIMIT = 200_000
_STRING_FORM_SECONDS = 5.0


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
    init_docstring: str | None = None
    """Of a class: what its ``__init__`` says of itself."""
    source: str | None = None
    run: str | None = None
    """The run that defined it, if a cell did."""
    preview: str | None = None
    """The first rows of a table, as Markdown."""
    is_place_of_type: bool | None = None
    """True if file and line are those of its class: an object that is no definition has none."""

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
        "init_docstring": "Init docstring",
    }

    def text(self, *, colour: bool = False) -> str:
        """The fields as text; Source stands in the Docstring's place where it is known."""
        lines = []
        for key, label in self._LABELS.items():
            value = getattr(self, key)
            if value is None or (key.endswith("docstring") and self.source):
                continue
            head = f"\x1b[31m{label}:\x1b[0m" if colour else f"{label}:"
            padding = " " * max(1, 14 - len(label) - 1)
            block = key == "source" or key.endswith("docstring") or "\n" in str(value)
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
    told.preview = _preview(value)
    told.signature = _signature(name, value)
    told.docstring = _docstring(value)
    told.init_docstring = _init_docstring(value)
    told.file, told.line = place_of(value)
    if told.file is None and not is_class(value):
        told.file, told.line = place_of(type(value))
        told.is_place_of_type = True if told.file is not None else None
    if detail_level > 0:
        told.source = source_of(value) or (None if is_class(value) else source_of(type(value)))
    return told


def _own_text(value: object) -> str:
    """The value's own text, cut; what its ``__str__`` does instead is told."""
    try:
        with time_limit(_STRING_FORM_SECONDS):
            return _bounded("".join([call_user_code(str, value)]), _STRING_FORM_LIMIT)
    except KeyboardInterrupt:
        raise
    except TimeIsUp:
        return "<its text does not end>"
    except BaseException as error:  # noqa: BLE001 - the user's __str__ may raise anything
        return f"<its text cannot be made: {described(error)}>"


def _signature(name: str, value: object) -> str | None:
    signature = signature_of(value)
    if signature is None:
        return None
    shown = inspect.Signature(
        [_without_user_code(entry) for entry in signature.parameters.values()],
        return_annotation=inspect.Signature.empty
        if is_class(value)
        else _SafeText.of(signature.return_annotation),
        __validate_parameters__=False,
    )
    return f"{name.rsplit('.', 1)[-1]}{_bounded(str(shown), 500)}"


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
        if is_class(value):
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


def _bounded(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _preview(value: object) -> str | None:
    from .previews import table_preview

    try:
        return table_preview(value)
    except Exception:  # noqa: BLE001 - a table that changes while it is read has none
        return None


def _docstring(value: object) -> str | None:
    if is_class(value):
        found = own_docstring(value)  # type: ignore[arg-type]
    else:
        function = value.__func__ if type(value) is types.MethodType else value
        found = attribute(function, "__doc__")
    if type(found) is not str or not found.strip():
        return None
    return inspect.cleandoc(found[:_DOCSTRING_LIMIT])


def _init_docstring(value: object) -> str | None:
    if not is_class(value):
        return None
    found = class_attribute(value, "__init__")  # type: ignore[arg-type]
    return _docstring(found) if type(found) is types.FunctionType else None


def find(name: str, namespace: Mapping[str, Any], *, safe: bool = True) -> tuple[Any, str | None]:
    """The value of a dotted name and the namespace it lives in; UNKNOWN where there is none.

    What runs no user code finds is taken as it is. Without ``safe`` the rest is asked for as a cell
    would: a column by its frame's ``__getattr__``, a property's value, an item.
    """
    value = evaluate(name, namespace)
    if value is UNKNOWN and not safe:
        value = _asked_for(name, namespace)
    if value is UNKNOWN:
        return UNKNOWN, None
    root = name.replace("[", ".").split(".")[0].strip()
    where = "Interactive" if root in namespace else "Python builtin"
    return value, where


def _asked_for(name: str, namespace: Mapping[str, Any]) -> Any:
    """The value of names, attributes and constant look-ups; nothing is called, none is assigned."""
    try:
        node: ast.expr = ast.parse(name.strip(), mode="eval").body
        steps: list[Callable[[Any], Any]] = []
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                steps.append(attrgetter(node.attr))
            elif isinstance(node, ast.Subscript):
                steps.append(itemgetter(ast.literal_eval(node.slice)))
            else:
                return UNKNOWN
            node = node.value
        value = evaluate(node.id, namespace)
        for step in reversed(steps):
            if value is UNKNOWN:
                break
            value = call_user_code(step, value)
    except Exception:  # noqa: BLE001 - the user's code may raise anything: there is no such value
        return UNKNOWN
    return value
