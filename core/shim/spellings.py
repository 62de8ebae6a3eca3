"""IPython's names of settings, which notebooks set, and what they are called here.

``%config InlineBackend.figure_format = "retina"`` and its like.
"""

from __future__ import annotations

from typing import Any

PREFIX = "InlineBackend."
"""What the options of inline figures begin with there."""
SETTINGS = {
    "InlineBackend.figure_format": "figure_formats",
    "InlineBackend.figure_formats": "figure_formats",
    "InteractiveShell.ast_node_interactivity": "interactivity",
    "ZMQInteractiveShell.ast_node_interactivity": "interactivity",
    "InteractiveShell.autoawait": "autoawait",
    "InteractiveShell.autocall": "autocall",
    "InteractiveShell.automagic": "automagic",
    "InteractiveShell.cache_size": "maximum_results",
    "InteractiveShell.pdb": "pdb",
    "InteractiveShell.xmode": "xmode",
}
WITHOUT_MEANING = (
    "Completer.",
    "IPCompleter.",
    "InteractiveShell.",
    "ZMQInteractiveShell.",
    "Application.",
    "HistoryManager.",
    "PlainTextFormatter.",
)
"""Beginnings of names whose setting would change nothing here."""

_VALUES = {"last": "last_expr", "png2x": "retina", "jpg": "jpeg"}


def setting_of(name: str) -> str | None:
    """What a setting is called here; None where it has no meaning here."""
    if name in SETTINGS:
        return SETTINGS[name]
    return None if name.startswith(WITHOUT_MEANING) else name


def value_of(value: Any) -> Any:
    """A value as it is called here."""
    if isinstance(value, (set, frozenset, list, tuple)):
        return tuple(_VALUES.get(each, each) for each in sorted(value))
    return _VALUES.get(value, value) if isinstance(value, str) else value
