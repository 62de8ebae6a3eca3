"""Magics that run code and say something of it: time, timeit, capture."""

from __future__ import annotations

import ast
import gc
import io
import math
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..execution import call_user_code
from .options import Option
from .registry import MagicCall, magic

if TYPE_CHECKING:
    from types import CodeType


def place_of(call: MagicCall) -> tuple[str, int]:
    """The file and 1-based line at which the magic's code stands."""
    if call.frame is None:
        return f"<%{call.name}>", 1
    line = call.frame.f_lineno
    return call.frame.f_code.co_filename, line if call.cell is None else line + 1


def compile_parts(call: MagicCall, text: str) -> tuple[CodeType | None, CodeType | None]:
    """The code of a text but for its last expression, and that expression's."""
    shell = call.shell
    filename, line = place_of(call)
    transformed = shell.transform_cell(text)
    tree = shell.compiler.parse(transformed, filename, line)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    before = shell.compiler.compile(tree, filename) if tree.body else None
    if not isinstance(last, ast.Expr):
        return before, None
    return before, shell.compiler.compile(ast.Expression(last.value), filename)


def run_parts(call: MagicCall, parts: tuple[CodeType | None, CodeType | None]) -> Any:
    """Run what :func:`compile_parts` gave, in the caller's namespace; the expression's value."""
    shell = call.shell
    local: Any = shell.namespace
    if call.frame is not None and call.frame.f_globals is shell.namespace:
        local = call.frame.f_locals
    value = None
    for number, code in enumerate(parts):
        if code is None:
            continue
        value = call_user_code(eval, code, shell.namespace, local)
        if value is not None and code.co_flags & 0x80:  # a coroutine: it awaits
            value = shell.loop.run_until_complete(value)
        value = value if number == 1 else None
    return value


@magic(
    "time",
    arguments="STATEMENT",
    cell_arguments="",
    kinds=("line", "cell"),
    expands=False,
    options=(
        Option("-q", "quiet", "do not print the times"),
        Option("--no-raise-error", "no_raise", "show an error, and let the rest of the cell run"),
    ),
)
def time_magic(call: MagicCall) -> Any:
    """Run a statement or a cell once and print the CPU and wall time it took."""
    text = call.arguments if call.cell is None else f"{call.cell}"
    if call.cell is not None and call.arguments:
        raise UsageError("%%time takes no statement on its own line: put it into the cell.")
    parts = compile_parts(call, text)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        return run_parts(call, parts)
    except Exception:
        if not call.options.no_raise:
            raise
        call.shell.showtraceback()
    finally:
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        if not call.options.quiet:
            print(f"CPU time: {show_seconds(cpu)}, wall time: {show_seconds(wall)}")
    return None


def show_seconds(seconds: float, digits: int = 3) -> str:
    """A duration with a fitting unit and so many digits."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.{digits}g} {unit}"
    return f"{seconds * 1e9:.{digits}g} ns"


class TimeitResult:
    """What ``%timeit -o`` gives: seconds per loop of each run."""

    def __init__(self, runs: list[float], loops: int, digits: int = 3) -> None:
        self._digits = digits
        self.timings = runs
        self.loops = loops
        self.best = min(runs)
        self.worst = max(runs)
        self.average = math.fsum(runs) / len(runs)
        variance = math.fsum((run - self.average) ** 2 for run in runs) / len(runs)
        self.stdev = math.sqrt(variance)

    def __repr__(self) -> str:
        mean, spread = (show_seconds(each, self._digits) for each in (self.average, self.stdev))
        return (
            f"{mean} ± {spread} per loop (mean ± std. dev. of {len(self.timings)} runs, "
            f"{self.loops:,} loops each)"
        )


@magic(
    "timeit",
    arguments="STATEMENT",
    cell_arguments="[SETUP]",
    kinds=("line", "cell"),
    expands=False,
    options=(
        Option("-n", "loops", "loops a run; by default as many as take 0.2 s", "N", None, int),
        Option("-r", "runs", "runs", "R", 7, int),
        Option("-p", "precision", "digits of the times", "P", 3, int),
        Option("-c", "cpu", "count the time of the processor, not of the clock"),
        Option("-t", "wall", "count the time of the clock, as it does if nothing is said"),
        Option("-o", "output", "give the times as an object"),
        Option("-q", "quiet", "print nothing"),
    ),
)
def timeit_magic(call: MagicCall) -> TimeitResult | None:
    """Time a statement or a cell in a loop; in a cell the first line is set-up."""
    text, setup = (call.arguments, "") if call.cell is None else (call.cell, call.arguments)
    if not text.strip():
        raise UsageError(f"%{call.name} wants a statement to time.")
    uses_cpu = call.options.cpu and not call.options.wall
    runner = _timer(call, text, setup, time.process_time if uses_cpu else time.perf_counter)
    loops = call.options.loops
    if loops is None:
        loops = 1
        while runner(loops) < 0.2 and loops < 10**9:
            loops *= 10
    enabled = gc.isenabled()
    gc.disable()
    try:
        runs = [runner(loops) / loops for _ in range(max(1, call.options.runs))]
    finally:
        if enabled:
            gc.enable()
    result = TimeitResult(runs, loops, max(1, call.options.precision))
    if not call.options.quiet:
        print(result)
    return result if call.options.output else None


def _timer(call: MagicCall, text: str, setup: str, clock: Callable[[], float]) -> Any:
    """A function that runs the text ``n`` times and gives the seconds that took."""
    shell = call.shell
    filename, _ = place_of(call)
    body = "\n".join("        " + line for line in shell.transform_cell(text).split("\n"))
    before = "\n".join("    " + line for line in shell.transform_cell(setup).split("\n"))
    source = (
        "def _timed(_loops, _clock):\n"
        f"{before}\n"
        "    _start = _clock()\n"
        "    for _ in range(_loops):\n"
        f"{body}\n"
        "    return _clock() - _start\n"
    )
    names: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), shell.namespace, names)
    function = names["_timed"]
    return lambda loops: call_user_code(function, loops, clock)


class CapturedOutput:
    """What ``%%capture`` kept: ``stdout`` and ``stderr`` as text, ``outputs`` as MIME bundles."""

    def __init__(self, stdout: str, stderr: str, outputs: list[dict[str, Any]]) -> None:
        self.stdout, self.stderr, self.outputs = stdout, stderr, outputs

    def __str__(self) -> str:
        return self.stdout

    def show(self) -> None:
        """Show it all again."""
        from ..displaying import display

        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)
        display(*self.outputs, raw=True)


class _Catcher:
    """Stands in for the front end and keeps what is displayed."""

    def __init__(self, front_end: Any) -> None:
        self._front_end = front_end
        self.outputs: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._front_end, name)

    def display(self, data: dict[str, Any], metadata: dict[str, Any], **_: Any) -> None:
        self.outputs.append(data)

    def result(self, execution_count: int, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        self.outputs.append(data)


@magic(
    "capture",
    arguments="[NAME]",
    kinds=("cell",),
    options=(
        Option("-o", "no_stdout", "let stdout through", long="--no-stdout"),
        Option("-e", "no_stderr", "let stderr through", long="--no-stderr"),
        Option("-d", "no_display", "let displays through", long="--no-display"),
    ),
)
def capture(call: MagicCall) -> None:
    """Run a cell and keep what it shows, under a name if there is one.

    What is kept has ``stdout`` and ``stderr`` (text), ``outputs`` (MIME bundles) and ``show()``.
    """
    shell = call.shell
    stdout, stderr = io.StringIO(), io.StringIO()
    catcher, before = _Catcher(shell.front_end), shell.front_end
    filename, line = place_of(call)
    with ExitStack() as stack:
        if not call.options.no_stdout:
            stack.enter_context(redirect_stdout(stdout))
        if not call.options.no_stderr:
            stack.enter_context(redirect_stderr(stderr))
        if not call.options.no_display:
            shell.front_end = catcher
            stack.callback(setattr, shell, "front_end", before)
        result = shell.run_cell(
            call.cell or "", filename=filename, first_line=line, store_history=False
        )
    if call.arguments:
        shell.namespace[call.arguments] = CapturedOutput(
            stdout.getvalue(), stderr.getvalue(), catcher.outputs
        )
    result.raise_error()
