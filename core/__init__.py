"""The interactive shell as a library. Standard library only, Python 3.10 and up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .displaying import (
        HTML,
        JSON,
        SVG,
        DisplayHandle,
        Image,
        Javascript,
        Latex,
        Markdown,
        Math,
        clear_output,
        display,
        update_display,
    )
    from .errors import UsageError, VivoError
    from .execution import ExecutionResult
    from .history import History
    from .magics.registry import MagicCall, Option, magic
    from .repl import embed
    from .settings import Settings
    from .shell import Shell, current_shell

__all__ = [
    "HTML",
    "JSON",
    "SVG",
    "DisplayHandle",
    "ExecutionResult",
    "History",
    "Image",
    "Javascript",
    "Latex",
    "MagicCall",
    "Markdown",
    "Math",
    "Option",
    "Settings",
    "Shell",
    "UsageError",
    "VivoError",
    "clear_output",
    "current_shell",
    "display",
    "embed",
    "magic",
    "update_display",
]

# A process that wants one part, such as the errors, is not to load the whole shell.
_MODULES = {
    "ExecutionResult": "execution",
    "History": "history",
    "MagicCall": "magics.registry",
    "Option": "magics.registry",
    "Settings": "settings",
    "Shell": "shell",
    "UsageError": "errors",
    "VivoError": "errors",
    "current_shell": "shell",
    "embed": "repl",
    "magic": "magics.registry",
}


def __getattr__(name: str) -> Any:
    """A name of this package, its module loaded when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module = importlib.import_module(f".{_MODULES.get(name, 'displaying')}", __name__)
    found = globals()[name] = getattr(module, name)
    return found


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
