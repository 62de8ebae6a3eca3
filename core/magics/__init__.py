"""The magic commands: a registry, option parsing, and small groups by subject."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..shell import Shell

SUBJECTS = {
    "basics": "The shell itself, aliases, extensions",
    "configuration": "Settings and profiles",
    "language": "How input is read and values are written",
    "inspection": "Looking at objects",
    "namespaces": "Variables and the environment",
    "history": "History",
    "logs": "The session's log",
    "macros": "Macros, stored values, the editor",
    "files": "Files and the pager",
    "folders": "Folders",
    "system": "Commands of the operating system",
    "scripts": "Cells that another program runs",
    "packages": "Packages",
    "programs": "Programs",
    "code": "Time and captured output",
    "profiling": "The profiler",
    "debugging": "Errors and the debugger",
    "reloading": "Edited modules",
    "figures": "Figures and event loops",
    "rich": "Cells that are shown",
}
"""The modules of the built-in magics and what each is about, as the reference orders them."""


def add_all_groups(shell: Shell) -> None:
    """Register every built-in magic and alias with a shell."""
    from ..aliases import DEFAULT_ALIASES

    for name in SUBJECTS:
        shell.magics.add_group(import_module(f".{name}", __name__))
    shell.aliases.update(DEFAULT_ALIASES)
