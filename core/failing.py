"""What a shell does when a cell fails: the report, the handlers, the post-mortem.

A part of :class:`vivo.core.shell.Shell`.

Rules:

1. A cell ends with one error, whatever it raised; nothing here raises but for an interrupt.
2. The frames of the last error live until the next cell begins, unless that one looks at them
   (``%debug``, ``pdb.pm()``) or the user keeps the error under a name.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, cast

from .debugging import Debugging, is_quit
from .errors import AlreadyReportedError, UsageError
from .exception_handlers import ExceptionHandlers
from .execution import ExecutionResult
from .frontend import FrontEnd
from .safe import isinstance_exact, safe_repr
from .settings import Settings

if TYPE_CHECKING:
    from .shell import Shell
    from .tracebacks import TracebackReport

# A cell that looks at the last error: its frames must still be there. Any other cell frees them.
_POST_MORTEM = re.compile(
    r"(?:^|%)\s*debug\b|\bpdb\.(?:pm|post_mortem)\b|\bsys\.last_", re.MULTILINE
)
_NO_POST_MORTEM = (UsageError, SyntaxError, KeyboardInterrupt)


class Failing:
    """The errors of a shell."""

    namespace: dict[str, Any]
    settings: Settings
    front_end: FrontEnd
    debugging: Debugging
    exception_handlers: ExceptionHandlers
    can_exit: bool
    last_error: BaseException | None
    last_report: TracebackReport | None

    def warn(self, text: str) -> None:
        """Tell the user something beside the cell's own output: one line on stderr."""
        sys.stderr.write(text + "\n")

    def traceback_lines(self, report: TracebackReport, *, colour: bool = False) -> list[str]:
        """A report's text in the mode that the settings name."""
        return report.lines(self.settings.xmode, colour=colour)

    def _fail(self, result: ExecutionResult, error: BaseException) -> None:
        """End a cell with an error: report it, and keep it for a post-mortem."""
        if isinstance_exact(error, AlreadyReportedError):
            result.status, result.error = "error", self.last_error or error
            result.report = self.last_report
            return
        from .tracebacks import forget_frames, leave_out_own_frames, report_of

        error = self._as_use(error)
        result.status, result.error = "error", error
        leave_out_own_frames(error)
        report = report_of(error, secret_words=self.settings.secret_words)
        result.report = report
        if isinstance_exact(error, UsageError):
            forget_frames(error)  # there is nothing to look at
        else:
            self._keep(error, report)
        if self.exception_handlers.handle(cast("Shell", self), error, report):
            return
        cast("Shell", self).show_failure(error, report)
        if self.settings.pdb and not any(isinstance_exact(error, kind) for kind in _NO_POST_MORTEM):
            self._enter_post_mortem()

    def _as_use(self, error: BaseException) -> BaseException:
        """An error, or the sentence for one that says only how a cell came to its end."""
        if is_quit(error):
            return UsageError("The debugger was quit: the cell ended there.")
        if not isinstance_exact(error, SystemExit):
            return error
        code: Any = SystemExit.__dict__["code"].__get__(error)
        how = (
            "Leave it with exit."
            if self.can_exit
            else "End it with `vivo sessions end` or your editor's command."
        )
        return UsageError(
            f"The cell asked to exit with status {safe_repr(code)}; the session goes on. {how}"
        )

    def _keep(self, error: BaseException, report: TracebackReport) -> None:
        from .tracebacks import traceback_of

        self.last_error, self.last_report = error, report
        sys.last_type, sys.last_value = type(error), error
        sys.last_traceback = traceback_of(error)
        if sys.version_info >= (3, 12):
            sys.last_exc = error

    def _enter_post_mortem(self) -> None:
        try:
            self.debugging.post_mortem()
        except UsageError as refusal:
            self.warn(str(refusal))

    def _forget_error(self, source: str = "") -> None:
        """Free the frames of the last error, unless a cell looks at them: rule 2."""
        if self.last_error is None or _POST_MORTEM.search(source):
            return
        from .tracebacks import forget_frames, related

        error: BaseException = self.last_error
        self.last_error = None
        if getattr(sys, "last_value", None) is error:
            sys.last_value = sys.last_traceback = sys.last_type = None
            if sys.version_info >= (3, 12):
                sys.last_exc = None
        kept = {id(value) for value in tuple(self.namespace.values())}
        if not any(id(each) in kept for each in related(error)):
            forget_frames(error)
