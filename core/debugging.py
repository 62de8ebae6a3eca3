"""When a shell's debugger is entered (errors, ``breakpoint()``, programs), and when it ends.

The debugger itself is loaded at its first use: :mod:`pdb` would double a shell's start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .safe import isinstance_exact

if TYPE_CHECKING:
    from .debugger import Debugger
    from .shell import Shell


def is_quit(error: BaseException) -> bool:
    """Whether an exception says that the user has left the debugger."""
    bdb = sys.modules.get("bdb")
    return bdb is not None and isinstance_exact(error, bdb.BdbQuit)


class Debugging:
    """The debugging of one shell: who is at it, and its end with the cell."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._active: Debugger | None = None
        self._previous_hook: Any = None
        self.elsewhere: Callable[[BaseException, str], bool] | None = None
        """Enters the post-mortem of an error that came from another process, if it did and a text
        names which; whether it did."""

    def begin_cell(self) -> None:
        """Let ``breakpoint()`` reach this shell."""
        self._previous_hook = sys.breakpointhook
        if sys.breakpointhook is sys.__breakpointhook__:
            sys.breakpointhook = self._breakpoint

    def end_cell(self) -> None:
        """End tracing, and give ``breakpoint()`` back (rule 3)."""
        if self._previous_hook is not None:
            sys.breakpointhook, self._previous_hook = self._previous_hook, None
        if self._active is not None:
            self._active = None
            sys.settrace(None)

    def _breakpoint(self, *arguments: Any, **options: Any) -> Any:
        import os

        if os.environ.get("PYTHONBREAKPOINT", "pdb.set_trace") != "pdb.set_trace":
            return sys.__breakpointhook__(*arguments, **options)  # the user's own choice
        frame = sys._getframe(1)
        if self._active is None:
            self._active = self._new()
        self._active.stop_at(frame)
        return None

    def post_mortem(self) -> None:
        """Enter the post-mortem of the last error. Raises :class:`UsageError` without one."""
        error = self._shell.last_error
        if error is None:
            raise UsageError(
                "There is no error to look at: %debug works in the cell after one that failed."
            )
        self._inside(lambda debugger: debugger.post_mortem(error))

    def is_elsewhere(self, text: str) -> bool:
        """Whether ``%debug`` with this text was a post-mortem in another process."""
        error = self._shell.last_error
        return error is not None and self.elsewhere is not None and self.elsewhere(error, text)

    def run_code(
        self,
        code: CodeType,
        namespace: dict[str, Any],
        local: dict[str, Any] | None = None,
        breakpoint_at: tuple[str, int] | None = None,
    ) -> None:
        """Run code under the debugger; see :meth:`Debugger.run_code`."""
        self._inside(
            lambda debugger: debugger.run_code(code, namespace, local, breakpoint_at),
        )

    def _new(self) -> Debugger:
        from .debugger import Debugger

        return Debugger(self._shell)

    def _inside(self, action: Any) -> None:
        debugger = self._new()
        before, self._active = self._active, debugger
        try:
            action(debugger)
        finally:
            self._active = before
            if before is None:
                sys.settrace(None)
                debugger.clear_all_breaks()  # pdb keeps them for the whole process
