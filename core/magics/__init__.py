"""The magic commands: a registry, option parsing, and small groups by subject."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..shell import Shell

GROUPS = (
    "basics",
    "code",
    "configuration",
    "debugging",
    "figures",
    "files",
    "folders",
    "history",
    "inspection",
    "language",
    "logs",
    "macros",
    "namespaces",
    "packages",
    "profiling",
    "programs",
    "reloading",
    "rich",
    "scripts",
    "system",
)
"""The modules of the built-in magics, a subject each."""


def add_all_groups(shell: Shell) -> None:
    """Register every built-in magic and alias with a shell."""
    from ..aliases import DEFAULT_ALIASES

    for name in GROUPS:
        shell.magics.add_group(import_module(f".{name}", __name__))
    shell.aliases.update(DEFAULT_ALIASES)
