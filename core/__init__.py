"""The interactive shell as a library. Standard library only, Python 3.10 and up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .display import (
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
from .magics.registry import MagicCall, Option, magic
from .repl import embed
from .settings import Settings
from .shell import Shell, current_shell

if TYPE_CHECKING:
    from .history import History

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


def __getattr__(name: str) -> Any:
    """``History``, loaded when it is asked for: SQLite is a tenth of a shell's start."""
    if name == "History":
        from .history import History

        return History
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
