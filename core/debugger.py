"""The debugger of a session: :mod:`pdb`, asking through the front end.

Rules:

1. It works through any front end that can answer a question; where none can, the first prompt
   ends it. An interrupt at the prompt leaves the debugger.
2. Frames of vivo itself are neither shown nor stepped into.
3. Tracing ends with the cell: nothing of it reaches the next one.

Source: the paper, Fig. 6 (a program's error, and the walk up its stack).
"""

from __future__ import annotations

import bdb
import linecache
import pdb
import sys
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from .compiler import real_path
from .errors import UsageError
from .execution import call_user_code
from .tracebacks import is_ours, traceback_of

if TYPE_CHECKING:
    from .shell import Shell

_PACKAGE = (__package__ or "vivo.core").rpartition(".")[0]
PROMPT = "vdb> "


class _Question:
    """Stands in for the debugger's stdin: a line is asked of the front end."""

    encoding = "utf-8"

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def readline(self) -> str:
        """The user's line; empty where nobody answers."""
        try:
            return self._shell.front_end.read_input(PROMPT, password=False) + "\n"
        except EOFError:
            return ""
        except KeyboardInterrupt:
            raise bdb.BdbQuit from None


class Debugger(pdb.Pdb):
    """A debugger for one stay: a post-mortem, a breakpoint, or a program run under it."""

    def __init__(self, shell: Shell) -> None:
        question: Any = _Question(shell)
        super().__init__(
            stdin=question,
            stdout=sys.stdout,
            skip=[f"{_PACKAGE}.*", "bdb"],
            nosigint=True,
        )
        self.shell = shell
        self.use_rawinput = False
        self.prompt = ""  # the question carries it; it must not be printed too
        self._awaited: tuple[str, int] | None = None

    # --- The ways in -----------------------------------------------------------------------

    def post_mortem(self, error: BaseException) -> None:
        """Look at where an exception was raised. Raises :class:`UsageError` without frames."""
        traceback = traceback_of(error)
        if not _shown_frames(traceback):
            raise UsageError("The last error has no frames to look at any more.")
        self.reset()
        # From Python 3.13 on the exception itself lets the user walk its causes.
        subject: Any = error if sys.version_info >= (3, 13) else traceback
        try:
            call_user_code(self.interaction, None, subject)
        except bdb.BdbQuit:
            pass

    def stop_at(self, frame: FrameType) -> None:
        """Stop in a running frame: what ``breakpoint()`` does."""
        self.set_trace(frame)

    def run_code(
        self,
        code: CodeType,
        namespace: dict[str, Any],
        local: dict[str, Any] | None = None,
        breakpoint_at: tuple[str, int] | None = None,
    ) -> None:
        """Run code under the debugger: it stops at the first line, or at a file's line.

        Raises :class:`UsageError` where the line holds no code.
        """
        if breakpoint_at is not None:
            filename, line = breakpoint_at
            refused = self.set_break(filename, line)
            if refused:
                raise UsageError(f"A breakpoint cannot be set at {filename}:{line}: {refused}.")
            self._awaited = (self.canonic(filename), line)
        call_user_code(self.run, code, namespace, local if local is not None else namespace)

    # --- What differs from pdb -------------------------------------------------------------

    def user_line(self, frame: FrameType) -> None:
        """Stop at a line; on the way to the first breakpoint go on."""
        if self._awaited is not None:
            place = (self.canonic(frame.f_code.co_filename), frame.f_lineno)
            if place != self._awaited and not self.break_here(frame):
                self.set_continue()
                return
            self._awaited = None
        super().user_line(frame)

    def get_stack(
        self, f: FrameType | None, t: TracebackType | None
    ) -> tuple[list[tuple[FrameType, int]], int]:
        """The stack without vivo's own frames, and the index of the current one."""
        stack, index = super().get_stack(f, t)
        current = stack[index][0] if stack else None
        kept = [entry for entry in stack if not _is_hidden(entry[0].f_code.co_filename)]
        if not kept:
            return stack, index
        positions = [number for number, entry in enumerate(kept) if entry[0] is current]
        return kept, positions[-1] if positions else len(kept) - 1

    def format_stack_entry(self, frame_lineno: tuple[FrameType, int], lprefix: str = ": ") -> str:
        """``file(line)function()`` and the line, as pdb shows it, under the file's plain name."""
        frame, line = frame_lineno
        name = real_path(frame.f_code.co_filename)
        text = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
        return f"{name}({line}){frame.f_code.co_name}()" + (f"{lprefix}{text}" if text else "")

    def do_pinfo(self, arg: str) -> None:
        """pinfo expression

        Tell what is known of an object.
        """
        self._tell(arg, 0)

    def do_pinfo2(self, arg: str) -> None:
        """pinfo2 expression

        Tell what is known of an object, with its source.
        """
        self._tell(arg, 1)

    do_psource = do_pinfo2
    do_pdoc = do_pinfo

    def _tell(self, expression: str, detail_level: int) -> None:
        from .inspector import inspect_value

        try:
            value = self._getval(expression)
        except Exception:  # noqa: BLE001 - pdb has told the error already
            return
        told = inspect_value(expression, value, None, detail_level=detail_level, safe=False)
        self.message(told.text())


def _is_hidden(filename: str) -> bool:
    return is_ours(filename) or filename == bdb.__file__


def _shown_frames(traceback: TracebackType | None) -> bool:
    while traceback is not None:
        if not _is_hidden(traceback.tb_frame.f_code.co_filename):
            return True
        traceback = traceback.tb_next
    return False
