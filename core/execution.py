"""What a run of a cell gives back, and the one way into user code.

Rules:

1. User code runs inside :func:`call_user_code`, and nowhere else: the interrupt handler
   raises only when one of :data:`TRAMPOLINES` is above the interrupted frame, so that an
   interrupt never lands in our own bookkeeping.
2. An :class:`ExecutionResult` is data: it holds no frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .safe import isinstance_exact

if TYPE_CHECKING:
    from types import CodeType, TracebackType

    from .frontend import MimeBundle
    from .shell import Shell
    from .tracebacks import TracebackReport

T = TypeVar("T")


class StatementValue(NamedTuple):
    """A value that a statement of the cell showed."""

    first_line: int
    """1-based line of the statement's start, in its file."""
    last_line: int
    data: MimeBundle
    metadata: dict[str, Any]


class ExecutionResult:
    """One execution of a cell."""

    def __init__(self, source: str, *, started: float = 0.0) -> None:
        self.source = source
        """The cell as typed."""
        self.execution_count: int | None = None
        self.transformed = ""
        """The Python that ran."""
        self.status = "ok"
        """``ok`` or ``error``."""
        self.value: Any = None
        """The last value that was shown."""
        self.values: list[StatementValue] = []
        self.has_previews = False
        """Whether values have a preview beside their renderings: a front end shows them inline."""
        self.error: BaseException | None = None
        """The exception, its traceback taken off."""
        self.report: TracebackReport | None = None
        """The traceback, as data."""
        self.started = started
        """Seconds since the epoch."""
        self.finished = 0.0

    def __repr__(self) -> str:
        return f"<ExecutionResult of cell {self.execution_count}: {self.status}>"

    def add_value(self, value: Any, told: StatementValue) -> None:
        """Keep what a statement showed of a value; with its preview where that is wanted."""
        if self.has_previews:
            from .previews import with_preview

            told = told._replace(data=with_preview(value, told.data))
        self.values.append(told)

    # --- As callbacks of IPython's events address it ------------------------------------

    @property
    def raw_cell(self) -> str:
        """The cell as typed."""
        return self.source

    @property
    def info(self) -> ExecutionResult:
        """What was known before it ran."""
        return self

    @property
    def result(self) -> Any:
        """The last value that was shown."""
        return self.value

    @property
    def error_in_exec(self) -> BaseException | None:
        """What the cell raised as it ran."""
        return self.error if self.transformed and not self.error_before_exec else None

    @property
    def error_before_exec(self) -> BaseException | None:
        """Why the cell could not run: it is no Python."""
        return self.error if isinstance_exact(self.error, SyntaxError) else None

    @property
    def success(self) -> bool:
        """Whether the cell ended without an error."""
        return self.status == "ok"

    def raise_error(self) -> None:
        """Raise the cell's exception, if there was one."""
        if self.error is not None:
            raise self.error


class CellRun:
    """The frame of a run: what holds before, and what is done after, whatever happens.

    A class with its two methods, since a generator's manager takes longer, for each cell.
    """

    def __init__(self, shell: Shell, source: str, counted: bool) -> None:
        self._shell = shell
        self._counted = counted
        self.result = ExecutionResult(source, started=time.time())

    def __enter__(self) -> ExecutionResult:
        shell = self._shell
        shell._make_current()
        shell._depth += 1
        if shell._depth == 1:
            shell._forget_error(self.result.source)
            shell.debugging.begin_cell()
            shell.is_running, shell.interrupt_pending = True, shell.interrupt_next
            shell.interrupt_next = False
        if self._counted:
            self.result.execution_count = shell.execution_count
        return self.result

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        shell, result = self._shell, self.result
        try:
            if error is None:
                if shell._depth == 1:
                    shell._end_of_cell(result)
            elif isinstance(error, KeyboardInterrupt):
                shell._fail(result, error)  # an interrupt between two parts
            else:
                return False
        except KeyboardInterrupt as interrupt:
            shell._fail(result, interrupt)
        finally:
            shell._depth -= 1
            if shell._depth == 0:
                shell.is_running = False
                shell.debugging.end_cell()
            if self._counted:
                shell.execution_count += 1
            result.finished = time.time()
        return True


def call_user_code(function: Callable[..., T], *arguments: Any) -> T:
    """Call into user code: the frames above this call are the user's."""
    return function(*arguments)


TRAMPOLINES: frozenset[CodeType] = frozenset({call_user_code.__code__})
