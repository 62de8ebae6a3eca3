"""Calling what users and extensions have registered.

Rules:

1. A callback that raises, whatever it raises, is told in one sentence and taken out: it must not
   end a cell, nor complain for ever. Others are called all the same.
2. An interrupt ends a callback as it ends a cell; the callback stays.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from .execution import call_user_code
from .safe import attribute, safe_repr, type_qualname


class CallbackError(Exception):
    """A callback raised; the text tells of it, for the user."""

    def __init__(self, told: str, kind: str, message: str) -> None:
        super().__init__(told)
        self.kind = kind
        """The name of the class of what it raised."""
        self.message = message


def call(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a callback, ``what`` being its kind: ``The callback {} of pre_execute``.

    Raises :class:`CallbackError` with the sentence to tell, and ``KeyboardInterrupt``.
    """
    try:
        return call_user_code(function, *arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - rule 1
        from .tracebacks import described, message_of

        kind, message = type_qualname(type(error)), message_of(error)
        told = f"{what.format(name_of(function))} raised {described(error)}. "
    told += "It is taken out; register it again when it is mended."
    raise CallbackError(told, kind, message)


def name_of(function: object) -> str:
    """What a callback is called."""
    if type(function) is types.MethodType:
        function = function.__func__
    name = attribute(function, "__qualname__")
    return name if type(name) is str else safe_repr(function)
