"""The running shell under the names that code in the wild asks for.

Rules:

1. There is one shell to find: :func:`vivo.core.shell.current_shell`. Nothing here makes one.
2. Classes that the wild tests against (``isinstance(shell, InteractiveShell)``) answer by what
   the shell is, not by inheritance.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn

from ..errors import UsageError, VivoError
from ..events import EVENTS, EventRegistry
from ..execution import ExecutionResult
from ..shell import Shell, current_shell

__version__ = version = "9.0.0+vivo"
version_info = (9, 0, 0, "")
"""What libraries compare with: the interfaces served here are those of that version."""

available_events = {name: name for name in EVENTS}
EventManager = EventRegistry
ExecutionInfo = SimpleNamespace
__all__ = ["ExecutionResult", "UsageError"]


def get_ipython() -> Shell | None:
    """The shell that runs a cell now, or ran one last; None if there is none."""
    return current_shell()


set_trace = breakpoint  # a function of Python code would be the frame that it stops in


class Pdb:
    """A debugger that stops where its ``set_trace`` is called."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Take what IPython's takes, and need none of it."""

    set_trace = staticmethod(breakpoint)


class _AnyShell(type):
    """A class whose instances are the shells of this process."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Shell)


class InteractiveShell(metaclass=_AnyShell):
    """What libraries ask for the one shell: ``InteractiveShell.instance()``."""

    @classmethod
    def instance(cls, *_: Any, **__: Any) -> Shell:
        """The running shell. Raises :class:`UsageError` where there is none."""
        shell = current_shell()
        if shell is None:
            raise UsageError("There is no running shell: this works in a cell of a session.")
        return shell

    @classmethod
    def initialized(cls) -> bool:
        """Whether there is a shell."""
        return current_shell() is not None


InteractiveShellABC = InteractiveShell


class TerminalInteractiveShell:
    """The shell of a terminal, which a session's is not."""


class IPythonCoreError(VivoError):
    """Base of the errors that extensions raise and catch."""


class TryNext(IPythonCoreError):  # noqa: N818 - the name they use
    """Raised by a hook that leaves the matter to the next one."""


class StdinNotImplementedError(IPythonCoreError, NotImplementedError):
    """Raised where nobody can answer ``input()``."""


class InputRejected(IPythonCoreError):  # noqa: N818 - the name they use
    """Raised by a transformer of trees that does not take a cell."""


def page(strng: Any, start: int = 0, screen_lines: int = 0, pager_cmd: str | None = None) -> None:
    """Show a text, or a MIME bundle, in the front end's pager, from line ``start`` on."""
    data = dict(strng) if isinstance(strng, dict) else {"text/plain": str(strng)}
    if start > 0 and "text/plain" in data:
        data["text/plain"] = "\n".join(data["text/plain"].split("\n")[start:])
    shell = current_shell()
    if shell is None:
        print(data.get("text/plain", ""))  # noqa: T201 - without a shell there is no pager
    else:
        shell.front_end.page(data)


display_page = page


def _no_second_shell(*_: Any, **__: Any) -> NoReturn:
    """Refuse to start a shell inside a session's."""
    raise UsageError(
        "A session is a shell already: look at the program's variables with breakpoint() or "
        "%debug, or run it with %run -i to have them here."
    )


embed = start_ipython = embed_kernel = InteractiveShellEmbed = _no_second_shell

backends = {
    "tk": "TkAgg",
    "gtk3": "GTK3Agg",
    "gtk4": "GTK4Agg",
    "wx": "WXAgg",
    "qt": "QtAgg",
    "osx": "MacOSX",
    "agg": "agg",
    "svg": "svg",
    "pdf": "pdf",
    "inline": "module://vivo.core.inline_backend",
}
backend2gui = {
    "TkAgg": "tk",
    "GTK3Agg": "gtk3",
    "GTK4Agg": "gtk4",
    "WXAgg": "wx",
    "QtAgg": "qt",
    "MacOSX": "osx",
}
"""matplotlib's backends, and the event loop that each wants."""
