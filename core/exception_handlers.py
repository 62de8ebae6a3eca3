"""Exception handlers: what a user registers for a class of errors (paper, "Error handling").

Rules:

1. The handler of the nearest class in the error's hierarchy is asked first; it may pass the error
   on to the next by returning nothing.
2. A handler that raises is told once and taken out; the error is then shown as usual.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .callbacks import CallbackError, call
from .safe import mro_of, type_qualname

if TYPE_CHECKING:
    from .shell import Shell
    from .tracebacks import TracebackReport

Handler = Callable[["Shell", BaseException, "TracebackReport"], Any]


class ExceptionHandlers:
    """The handlers of a shell, by class."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._handlers: dict[type[BaseException], Handler] = {}
        self._complain = complain

    def register(self, kind: type[BaseException], handler: Handler) -> None:
        """Call ``handler(shell, error, report)`` for errors of a class and its subclasses.

        A true answer means that the user has been told: nothing else is shown. One of a
        class replaces the one before. Raises ``TypeError`` for what is no exception class.
        """
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError(f"an exception class is wanted, not {kind!r}")
        self._handlers[kind] = handler

    def unregister(self, kind: type[BaseException]) -> None:
        """Take a class's handler out; nothing if it has none."""
        self._handlers.pop(kind, None)

    def handle(self, shell: Shell, error: BaseException, report: TracebackReport) -> bool:
        """Ask the handlers, the nearest first; whether one has handled the error."""
        for kind in mro_of(type(error)):
            handler = self._handlers.get(kind)
            if handler is None:
                continue
            try:
                if call(
                    f"The handler {{}} of {type_qualname(kind)}", handler, shell, error, report
                ):
                    return True
            except CallbackError as failure:
                self.unregister(kind)
                self._complain(str(failure))
            except KeyboardInterrupt:
                return False  # the error is shown as usual, and the handler stays
        return False
