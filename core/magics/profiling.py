"""Profiling: ``%prun``, and what ``%run -p`` shares with it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .code import compile_parts, run_parts
from .options import Option
from .registry import MagicCall, magic

if TYPE_CHECKING:
    import pstats

SORTS = (
    "calls",
    "cumulative",
    "file",
    "line",
    "module",
    "name",
    "nfl",
    "pcalls",
    "stdname",
    "time",
)


def _limit(text: str) -> int | float | str:
    """``-l``: a number of lines, a fraction of them, or a pattern of names."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _sort(text: str) -> str:
    known = [name for name in SORTS if name.startswith(text)] or [
        name for name in ("ncalls", "tottime", "cumtime", "filename") if name == text
    ]
    if not known:
        raise ValueError(f"there are {', '.join(SORTS)}")
    return known[0]


PROFILE_OPTIONS = (
    Option("-l", "limits", "so many lines, a fraction, or names that match", "LIMIT", None, _limit,
           repeated=True),
    Option("-s", "sorts", "order by: time, cumulative, calls, name …", "KEY", None, _sort,
           repeated=True),
    Option("-T", "text_file", "save the report as text", "FILE"),
    Option("-D", "dump_file", "save the figures for pstats", "FILE"),
)  # fmt: skip


@magic(
    "prun",
    arguments="STATEMENT",
    cell_arguments="[STATEMENT]",
    kinds=("line", "cell"),
    expands=False,
    options=(
        *PROFILE_OPTIONS,
        Option("-r", "returned", "give the pstats.Stats object"),
        Option("-q", "quiet", "show no report"),
    ),
)
def prun(call: MagicCall) -> Any:
    """Run a statement or a cell under the profiler and show where the time went."""
    text = call.arguments if call.cell is None else f"{call.arguments}\n{call.cell}"
    if not text.strip():
        raise UsageError(f"%{call.name} wants a statement to profile.")
    parts = compile_parts(call, text)
    stats = profiled(lambda: run_parts(call, parts))
    report(call, stats, call.options, quiet=call.options.quiet)
    return stats if call.options.returned else None


def profiled(function: Callable[[], Any]) -> pstats.Stats:
    """Run a function under the profiler. What it raises comes through, but for an exit."""
    import cProfile
    import pstats

    profile = cProfile.Profile()
    try:
        profile.runcall(function)
    except SystemExit:
        pass  # a profiled program may end itself: its figures are what is wanted
    return _without_the_shell(pstats.Stats(profile))


def _without_the_shell(stats: Any) -> pstats.Stats:
    """The figures without those of the shell's own functions, which are not the user's concern."""
    own = str(Path(__file__).parents[1])
    for place in [each for each in stats.stats if each[0].startswith(own)]:
        primitive, calls, seconds, _, _ = stats.stats.pop(place)
        stats.prim_calls -= primitive
        stats.total_calls -= calls
        stats.total_tt -= seconds
    for *_, callers in stats.stats.values():
        for place in [each for each in callers if each[0].startswith(own)]:
            del callers[place]
    return stats  # type: ignore[no-any-return]


def report(
    call: MagicCall, stats: pstats.Stats, options: SimpleNamespace, *, quiet: bool = False
) -> None:
    """Show the figures in the pager, and save them as the options say."""
    if options.dump_file:
        path = Path(options.dump_file).expanduser()
        stats.dump_stats(path)  # with whole paths, which the text has not
        print(f"Profile figures saved to {path}; pstats.Stats({str(path)!r}) reads them.")
    text = _text(stats, options)
    if options.text_file:
        path = Path(options.text_file).expanduser()
        path.write_text(text, "utf-8")
        print(f"Profile report saved to {path}.")
    if not quiet:
        call.shell.front_end.page({"text/plain": text})


def _text(stats: pstats.Stats, options: SimpleNamespace) -> str:
    stream = io.StringIO()
    stats.stream = stream  # type: ignore[attr-defined]
    stats.strip_dirs().sort_stats(*(options.sorts or ["time"]))
    stats.print_stats(*options.limits)
    return stream.getvalue().strip() + "\n"
