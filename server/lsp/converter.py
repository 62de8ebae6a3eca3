"""Our typed messages on LSP's wire: field names in camelCase, and errors that say what is unfit."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from pygls.exceptions import JsonRpcInvalidParams
from pygls.protocol import default_converter

from .. import protocol
from ..protocol.cluster import Engines
from ..protocol.declaring import Message, camel

T = TypeVar("T")


def _is_ours(kind: Any) -> bool:
    return attrs.has(kind) and kind.__module__.startswith(f"{protocol.__name__}.")


@cache
def make_converter() -> Converter:
    """pygls' converter, which knows LSP's types, with ours added; one for all servers of a process:
    what it has worked out of a type it keeps."""
    converter: Converter = default_converter()  # type: ignore[no-untyped-call]

    def renamed(kind: Any) -> dict[str, Any]:
        attrs.resolve_types(kind, vars(sys.modules[kind.__module__]))
        return {field.name: override(rename=camel(field.name)) for field in attrs.fields(kind)}

    converter.register_structure_hook_factory(
        _is_ours, lambda kind: make_dict_structure_fn(kind, converter, **renamed(kind))
    )
    converter.register_unstructure_hook_factory(
        _is_ours, lambda kind: make_dict_unstructure_fn(kind, converter, **renamed(kind))
    )
    for engines in (Engines, Literal["all"] | list[int]):
        converter.register_structure_hook(engines, _engines)
        converter.register_structure_hook(engines | None, _engines)
    for method, kind in QUERY_TYPES.items():
        converter.register_structure_hook(kind, _query_hook(converter, method))
    return converter


def _engines(value: Any, kind: Any) -> Any:
    """Some engines: a word for them, or their numbers."""
    if value is None and type(None) in get_args(kind):
        return None
    words = [w for each in get_args(kind) if get_origin(each) is Literal for w in get_args(each)]
    is_list = isinstance(value, list) and all(type(each) is int for each in value)
    if is_list or (isinstance(value, str) and value in words):
        return value
    raise ValueError(f"{value!r} names no engines")


def _query_type(message: Message) -> type:
    """The JSON-RPC message of a request of ours; pygls looks at its fields alone."""
    fields = {"id": attrs.field(), "params": attrs.field(), "method": attrs.field()}
    return attrs.make_class(
        f"{message.params.__name__}Request", {**fields, "jsonrpc": attrs.field(default="2.0")}
    )


def _query_hook(converter: Converter, method: str) -> Any:
    (wanted,) = (each.params for each in protocol.MESSAGES if each.name == method)

    def structure(data: dict[str, Any], kind: type) -> Any:
        return kind(
            id=data["id"],
            params=converter.structure(data.get("params") or {}, wanted),
            method=method,
            jsonrpc=data.get("jsonrpc", ""),
        )

    return structure


QUERY_TYPES: dict[str, type] = {
    message.name: _query_type(message) for message in protocol.MESSAGES if message.kind == "query"
}
"""By method, the type of each request of ours."""


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
