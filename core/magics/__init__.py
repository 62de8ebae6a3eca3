"""The magic commands: a registry, option parsing, and small groups by subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..shell import Shell


def add_all_groups(shell: Shell) -> None:
    """Register every built-in magic and alias with a shell."""
    from ..aliases import DEFAULT_ALIASES
    from . import (
        basics,
        code,
        debugging,
        figures,
        history,
        inspection,
        namespaces,
        packages,
        profiling,
        programs,
        reloading,
        system,
    )

    for group in (
        basics,
        code,
        debugging,
        figures,
        history,
        inspection,
        namespaces,
        packages,
        profiling,
        programs,
        reloading,
        system,
    ):
        shell.magics.add_group(group)
    shell.aliases.update(DEFAULT_ALIASES)
