"""What is said to an installed IPython, and to libraries that would not know our cells.

Nothing is imported here: each thing is done once the user's own import has been made. Rules:

1. Of an installed IPython only the question for the running shell is answered by us
   (``InteractiveShell.instance`` and ``initialized``): all of its display functions ask that.
2. The shell counts as an instance of IPython's class, for ``isinstance`` and for traitlets: magics
   of extensions want such a parent.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from .after_import import after_import
from .finder import is_served

_MODULE = "IPython.core.interactiveshell"
_interactivity: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""What each shell was told last: a setting that is changed otherwise stays."""


def watch() -> None:
    """Do all this as the modules come."""
    after_import(_MODULE, answer_for_the_shell)
    after_import("line_profiler.line_profiler", show_lines_of_cells)
    after_import("matplotlib_inline.backend_inline", choose_formats_here)
    after_import("memory_profiler", measure_memory_of_cells)
    after_import("ipywidgets.widgets.interaction", show_figures_of_interactions)


def answer_for_the_shell(module: ModuleType) -> None:
    """Let IPython's class give the running shell (rule 1)."""
    if is_served(module):
        return
    kind: Any = module.InteractiveShell
    before_instance, before_initialized = kind.instance, kind.initialized

    def instance(cls: Any, *words: Any, **named: Any) -> Any:
        from ..shell import current_shell

        return current_shell() or before_instance(*words, **named)

    def initialized(cls: Any) -> bool:
        from ..shell import current_shell

        return current_shell() is not None or bool(before_initialized())

    kind.instance, kind.initialized = classmethod(instance), classmethod(initialized)


def claimed_class(own: type) -> type:
    """The class that a shell of the class ``own`` says it has (rule 2)."""
    module = sys.modules.get(_MODULE)
    if module is None or is_served(module):
        return own
    base = getattr(module, "InteractiveShell", None)  # None while it is being imported
    return own if base is None else _made(own, base)


def chosen_interactivity(shell: Any) -> None:
    """Take over what a cell has set by ``InteractiveShell.ast_node_interactivity = "all"``.

    The attribute is IPython's own class's, or ours: either is looked at before each cell.
    """
    kind = getattr(sys.modules[_MODULE], "InteractiveShell", None)
    chosen = vars(kind).get("ast_node_interactivity") if kind is not None else None
    if isinstance(chosen, str) and chosen != _interactivity.get(shell):
        _interactivity[shell] = chosen
        shell.ast_node_interactivity = chosen


@functools.cache
def _made(own: type, base: type) -> type:
    """A class of IPython's kind with our name; it has no instances of its own."""
    return type(own.__name__, (base,), {"__module__": own.__module__, "__doc__": own.__doc__})


def show_lines_of_cells(module: ModuleType) -> None:
    """Let line_profiler show functions of cells that stand in no file: linecache has their text."""
    before = module.is_generated_code

    def is_generated_code(filename: str) -> bool:
        return bool(before(filename)) or filename.startswith("<cell ")

    module.is_generated_code = is_generated_code  # type: ignore[attr-defined]


def show_figures_of_interactions(module: ModuleType) -> None:
    """Let ``interact`` show figures where the function draws them, not at the cell's end."""
    before = module.show_inline_matplotlib_plots

    def show() -> None:
        from .. import figures
        from ..shell import current_shell

        before()
        shell = current_shell()
        if shell is not None:
            figures.at_cell_end(shell)

    module.show_inline_matplotlib_plots = show  # type: ignore[attr-defined]


def choose_formats_here(module: ModuleType) -> None:
    """Let ``set_matplotlib_formats`` and its kin choose how our figures are shown."""
    from . import displays

    module.set_matplotlib_formats = displays.set_matplotlib_formats  # type: ignore[attr-defined]
    module.set_matplotlib_close = displays.set_matplotlib_close  # type: ignore[attr-defined]


def measure_memory_of_cells(module: ModuleType) -> None:
    """Let memory_profiler take functions of cells that stand in no file."""

    class Paths:
        """``os.path``, for which our cells exist."""

        def __getattr__(self, name: str) -> Any:
            return getattr(os.path, name)

        def exists(self, path: str) -> bool:
            return path.startswith("<cell ") or Path(path).exists()

    class System:
        """``os``, with those paths."""

        path = Paths()

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

    module.os = System()  # type: ignore[attr-defined]
