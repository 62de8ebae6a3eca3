"""Magics that extensions declare in classes become magics of a shell.

Works for classes made with our decorators and for those made with an installed IPython's: an
instance has its magics in ``instance.magics``, by kind and name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..execution import call_user_code
from ..inspector import find, inspect_value
from ..magics.registry import Magic, MagicCall
from ..safe import UNKNOWN

if TYPE_CHECKING:
    from ..shell import Shell


def register_instance(shell: Shell, instance: Any) -> None:
    """Register the magics of an instance."""
    for kind, table in instance.magics.items():
        for name, function in table.items():
            if not callable(function):  # a class's own table names its methods
                function = getattr(instance, function)  # noqa: PLW2901 - the same, bound
            shell.magics.add(class_magic(name, function, kind))


def class_magic(name: str, function: Callable[..., Any], kind: str) -> Magic:
    """The magic of a bound method: ``f(line)``, ``f(line, cell)``, perhaps with ``local_ns``."""
    wants_scope = bool(getattr(function, "needs_local_scope", False))
    expands = not getattr(function, "_ipython_magic_no_var_expand", False)

    def call_method(call: MagicCall) -> Any:
        words: list[Any] = [call.line] if kind == "line" else [call.line, call.cell]
        named: dict[str, Any] = {}
        if wants_scope:
            frame = call.frame
            named["local_ns"] = frame.f_locals if frame else call.shell.namespace
        try:
            return call_user_code(lambda: function(*words, **named))
        except Exception as error:
            if is_usage_error(error):
                raise UsageError(str(error)) from None
            raise

    call_method.__doc__ = function.__doc__
    call_method.__wrapped__ = function  # type: ignore[attr-defined]
    return Magic(name, call_method, (kind,), (), expands=expands)


def is_usage_error(error: BaseException) -> bool:
    """Whether an error is an installed IPython's word for a wrong use."""
    module = sys.modules.get("IPython.core.error")
    kind = getattr(module, "UsageError", None)
    return isinstance(kind, type) and isinstance(error, kind) and not isinstance(error, UsageError)


def as_function(shell: Shell, name: str, entry: Magic) -> Callable[..., Any]:
    """A magic of the shell's as a function of ``line``, or of ``line, cell``.

    The magics that tell of an object take ``namespaces`` too, pairs of a name and a mapping: a
    debugger looks into its frame first.
    """

    def call(line: str = "", cell: str | None = None, *, namespaces: Any = None) -> Any:
        for _, namespace in namespaces or ():
            value, where = find(line.strip(), namespace, safe=False)
            if value is not UNKNOWN:
                detail_level = 1 if name in ("pinfo2", "psource", "pfile") else 0
                told = inspect_value(
                    line.strip(), value, where, detail_level=detail_level, safe=False
                )
                sys.stdout.write(told.text() + "\n")
                return None
        return shell.run_magic(name, line, cell)

    call.__doc__ = entry.help()
    return call
