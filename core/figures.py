"""matplotlib in a session: which backend it draws with, and when figures are drawn again.

Nothing here imports matplotlib before the user does. Rules:

1. Without a choice figures become pictures in the output. The choice is made when
   ``matplotlib.pyplot`` is first looked for, in this process alone: in the environment it would
   reach child processes, which cannot import our backend. A choice of the user's own
   (``MPLBACKEND``, ``matplotlib.use``, a matplotlibrc) is kept.
2. In a session matplotlib is interactive, and ``show()`` does not block: windows live between
   cells, by the toolkit's event loop, which starts with the first window.
3. After each cell a figure that has changed is drawn again.
"""

from __future__ import annotations

import importlib
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any

from .errors import UsageError, nearest

if TYPE_CHECKING:
    from .formatters import DisplayFormatters
    from .shell import Shell

BACKEND = f"module://{__package__}.inline_backend"
_IPYTHONS = "module://matplotlib_inline.backend_inline"

_GUI_BACKENDS = {
    "tk": "tkagg",
    "qt": "qtagg",
    "qt6": "qtagg",
    "qt5": "qt5agg",
    "gtk": "gtk3agg",
    "gtk3": "gtk3agg",
    "gtk4": "gtk4agg",
    "wx": "wxagg",
}
_FORMATS = {
    "image/png": ("png", "retina"),
    "image/svg+xml": ("svg",),
    "image/jpeg": ("jpeg",),
    "application/pdf": ("pdf",),
}
_BY_PREFERENCE = ("qt", "gtk4", "gtk3", "tk", "wx")


class BackendChooser:  # no MetaPathFinder: importing that costs a tenth of a shell's start
    """Sees the import of pyplot pass by, and finds nothing."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Choose the backend when pyplot is about to be imported."""
        if fullname == "matplotlib.pyplot":
            sys.meta_path.remove(self)
            choose_inline()


def choose_inline() -> None:
    """Make ours the backend of an imported matplotlib, unless the user has chosen one."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return
    matplotlib.interactive(True)
    chosen = dict.__getitem__(matplotlib.rcParams, "backend")
    if os.environ.get("MPLBACKEND") == _IPYTHONS:  # from the kernel that started this session
        chosen = None
    elif "MPLBACKEND" in os.environ:
        return
    if not isinstance(chosen, str):  # nothing chosen yet
        matplotlib.rcParams["backend"] = BACKEND


def install(formatters: DisplayFormatters) -> None:
    """Show figures inline from now on."""
    if not any(isinstance(finder, BackendChooser) for finder in sys.meta_path):
        sys.meta_path.insert(0, BackendChooser())
    for mime, formats in _FORMATS.items():
        formatters.register(mime, "matplotlib.figure.Figure", _shown_as(mime, formats))


def _shown_as(mime: str, formats: tuple[str, ...]) -> Any:
    def render(figure: Any) -> Any:
        """A figure as a value of its own: one that pyplot holds is shown at the cell's end."""
        from .inline_backend import is_open, picture
        from .shell import current_shell

        shell = current_shell()
        chosen = shell.settings.figure_formats if shell else ("png",)
        wanted = tuple(name for name in chosen if name in formats)
        if not wanted or is_open(figure):
            return None
        data, metadata = picture(figure, wanted)
        return (data[mime], metadata[mime]) if mime in metadata else data[mime]

    return render


# --- Choosing a backend ----------------------------------------------------------------------


def names() -> list[str]:
    """What ``%matplotlib`` takes, beside the backends that matplotlib knows by other names."""
    return ["inline", "auto", *_GUI_BACKENDS, "agg", "svg", "pdf"]


def choose(shell: Shell, name: str) -> str:
    """Use a backend from now on: ``inline``, a toolkit, ``auto``, or any that matplotlib knows.

    Returns its name. Raises :class:`UsageError` if matplotlib or the toolkit is not there, or
    matplotlib refuses.
    """
    matplotlib = _imported("matplotlib")
    if name in ("", "auto"):
        return _choose_auto(shell)
    lower = name.lower()
    gui, backend = (lower, _GUI_BACKENDS[lower]) if lower in _GUI_BACKENDS else (None, name)
    if lower == "inline":
        backend = BACKEND
        install(shell.formatters)
    previous = shell.event_loop.name if shell.event_loop else None
    if gui is not None:
        shell.enable_gui(gui)
    try:
        matplotlib.use(backend)
        pyplot = importlib.import_module("matplotlib.pyplot")
        pyplot.switch_backend(backend)
    except (ValueError, ImportError, RuntimeError) as error:
        shell.enable_gui(previous)
        raise UsageError(_refusal(name, error)) from None
    shell.settings.inline_figures = lower == "inline"
    matplotlib.interactive(True)
    pyplot.show._needmain = False
    return name


def _refusal(name: str, error: Exception) -> str:
    if "headless" in str(error):
        return (
            f"matplotlib cannot open windows with {name}: there is no display (DISPLAY is not "
            "set); %matplotlib inline shows figures in the output."
        )
    if isinstance(error, ValueError):
        near = nearest(name, names())
        hint = f"did you mean {near[0]}? " if near else ""
        return f"matplotlib does not know the backend {name}; {hint}%matplotlib --list shows them."
    return f"matplotlib cannot use {name}: {error}; restart the session to change the toolkit."


def _choose_auto(shell: Shell) -> str:
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        for gui in _BY_PREFERENCE:
            try:
                return choose(shell, gui)
            except UsageError:
                continue
    return choose(shell, "inline")


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UsageError(
            f"{module} is not installed in {sys.executable}: run %pip install {module}."
        ) from None


def pylab_names(*, everything: bool) -> dict[str, Any]:
    """The names that ``%pylab`` gives. Raises :class:`UsageError` without numpy or matplotlib."""
    numpy, matplotlib = _imported("numpy"), _imported("matplotlib")
    pylab = importlib.import_module("matplotlib.pylab")
    pyplot = importlib.import_module("matplotlib.pyplot")
    from .shim.displays import figsize, getfigs

    found: dict[str, Any] = {}
    if everything:  # pylab has numpy's names too, but leaves the built-in max, round and so on
        found = {name: value for name, value in vars(pylab).items() if not name.startswith("_")}
    return found | {
        "numpy": numpy,
        "np": numpy,
        "matplotlib": matplotlib,
        "pylab": pylab,
        "mlab": importlib.import_module("matplotlib.mlab"),
        "pyplot": pyplot,
        "plt": pyplot,
        "figsize": figsize,
        "getfigs": getfigs,
    }


def enter_pylab(shell: Shell, name: str, *, everything: bool) -> tuple[str, list[str]]:
    """Give the user the names of ``%pylab``; the backend, and the user's names that they replace.

    Raises :class:`UsageError` without numpy or matplotlib.
    """
    chosen = choose(shell, name)
    names = pylab_names(everything=everything)
    namespace = shell.namespace
    replaced = sorted(
        name for name in shell.user_names() if name in names and names[name] is not namespace[name]
    )
    namespace.update(names)
    shell._reserved.update(names)  # not the user's own: %who and %whos leave them out
    return chosen, replaced


# --- After each cell -------------------------------------------------------------------------


def at_cell_end(shell: Shell) -> None:
    """Show what the cell has drawn: inline figures as pictures, changed windows again."""
    if "matplotlib.pyplot" not in sys.modules:
        return
    backend = sys.modules.get(BACKEND.removeprefix("module://"))
    if backend is not None and shell.settings.inline_figures:
        backend.flush_figures()
    _draw_windows(shell)


_known_windows: weakref.WeakSet[Any] = weakref.WeakSet()
"""The windows whose toolkit's loop has been started: if the user stops it, it stays so."""


def _draw_windows(shell: Shell) -> None:
    matplotlib = sys.modules["matplotlib"]
    managers = sys.modules["matplotlib._pylab_helpers"].Gcf.get_all_fig_managers()
    for manager in managers:
        framework = getattr(manager.canvas, "required_interactive_framework", None)
        if framework is None:
            continue
        if manager not in _known_windows:
            _known_windows.add(manager)
            _serve(shell, framework)
        if matplotlib.is_interactive() and manager.canvas.figure.stale:
            manager.canvas.draw_idle()


def _serve(shell: Shell, framework: str) -> None:
    if shell.event_loop is None:
        try:
            shell.enable_gui(framework)
        except UsageError as refusal:
            shell.warn(str(refusal))
