"""Making matplotlib show its figures in the output, without importing it.

The backend is chosen when ``matplotlib.pyplot`` is first looked for, in this process alone: in
the environment it would reach child processes, which cannot import our backend. A choice of
the user's own (``MPLBACKEND``, ``matplotlib.use``, a matplotlibrc) is kept.
"""

from __future__ import annotations

import importlib.abc
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .formatters import DisplayFormatters

BACKEND = f"module://{__package__}.inline_backend"


class BackendChooser(importlib.abc.MetaPathFinder):
    """Sees the import of pyplot pass by, and finds nothing."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Choose the backend when pyplot is about to be imported."""
        if fullname == "matplotlib.pyplot":
            sys.meta_path.remove(self)
            choose_inline()


def choose_inline() -> None:
    """Make ours the backend of an imported matplotlib, unless the user has chosen one."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None or "MPLBACKEND" in os.environ:
        return
    chosen = dict.__getitem__(matplotlib.rcParams, "backend")
    if not isinstance(chosen, str):  # the mark for "not chosen yet"
        matplotlib.rcParams["backend"] = BACKEND


def install(formatters: DisplayFormatters) -> None:
    """Show figures inline from now on."""
    if not any(isinstance(finder, BackendChooser) for finder in sys.meta_path):
        sys.meta_path.insert(0, BackendChooser())
    for mime in ("image/png", "image/svg+xml", "image/jpeg", "application/pdf"):
        formatters.register(mime, "matplotlib.figure.Figure", _shown_as(mime))


def _shown_as(mime: str) -> Any:
    def render(figure: Any) -> Any:
        """A figure as a value of its own: one that pyplot holds is shown at the cell's end."""
        from .inline_backend import is_open, picture
        from .shell import current_shell

        if is_open(figure):
            return None
        shell = current_shell()
        formats = shell.settings.figure_formats if shell else ("png",)
        return picture(figure, formats)[0].get(mime)

    return render


def at_cell_end() -> None:
    """Show what the cell has drawn, if our backend is loaded."""
    backend = sys.modules.get(BACKEND.removeprefix("module://"))
    if backend is not None:
        backend.at_cell_end()
