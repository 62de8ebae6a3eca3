"""Our typed messages on LSP's wire: field names in camelCase, and errors that say what is unfit."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from pygls.exceptions import JsonRpcInvalidParams
from pygls.protocol import default_converter

from .. import protocol

T = TypeVar("T")


def camel(name: str) -> str:
    """``execution_id`` as ``executionId``."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _is_ours(kind: Any) -> bool:
    return attrs.has(kind) and kind.__module__ == protocol.__name__


def make_converter() -> Converter:
    """pygls' converter, which knows LSP's types, with ours added."""
    converter: Converter = default_converter()  # type: ignore[no-untyped-call]

    def renamed(kind: Any) -> dict[str, Any]:
        attrs.resolve_types(kind, vars(protocol))
        return {field.name: override(rename=camel(field.name)) for field in attrs.fields(kind)}

    converter.register_structure_hook_factory(
        _is_ours, lambda kind: make_dict_structure_fn(kind, converter, **renamed(kind))
    )
    converter.register_unstructure_hook_factory(
        _is_ours, lambda kind: make_dict_unstructure_fn(kind, converter, **renamed(kind))
    )
    return converter


def structure_command(converter: Converter, name: str, kind: type[T], arguments: Any) -> T:
    """The one argument of a command. Raises ``JsonRpcInvalidParams`` with one clear sentence."""
    arguments = list(arguments or ())
    if not arguments and not attrs.fields(kind):  # type: ignore[arg-type]
        return kind()
    if len(arguments) != 1 or not isinstance(arguments[0], dict):
        fields = ", ".join(camel(f.name) for f in attrs.fields(kind))  # type: ignore[arg-type]
        raise JsonRpcInvalidParams(
            message=f"{name} wants one object as its only argument, with {fields}."
        )
    try:
        return converter.structure(arguments[0], kind)
    except Exception as error:  # noqa: BLE001 - cattrs raises groups of many kinds
        told = "; ".join(transform_error(error, path="its argument"))
        raise JsonRpcInvalidParams(message=f"The arguments of {name} do not fit: {told}.") from None
