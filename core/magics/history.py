"""Magics of the history: show it, bring inputs back, save them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from .options import Option
from .registry import MagicCall, magic

if TYPE_CHECKING:
    from ..history import HistoryEntry


def chosen(call: MagicCall, text: str, *, output: bool = False) -> list[HistoryEntry]:
    """The inputs that ranges name; all of this session without any."""
    shell = call.shell
    if text.strip():
        return shell.history.ranges(text, output=output)
    count = shell.execution_count
    return shell.history.range(0, 1, count, output=output)


@magic(
    "history",
    also=("hist",),
    arguments="[RANGE …]",
    expands=False,
    interspersed=True,
    options=(
        Option("-n", "numbers", "show the numbers of inputs"),
        Option("-o", "outputs", "show the texts of values too"),
        Option("-t", "transformed", "show the Python that ran"),
        Option("-p", "prompts", "show them with >>> prompts, for a doctest"),
        Option("-g", "glob", "search all sessions for a pattern", "PATTERN"),
        Option("-u", "unique", "of equal inputs only the latest"),
        Option("-l", "last", "the last inputs of all sessions: ten, or as many as are named"),
        Option("-f", "file", "write to a file", "FILE"),
    ),
)
def history(call: MagicCall) -> None:
    """Show inputs: all of this session, or those that ranges name.

    ``4-6`` and ``4-`` are inputs of this session, ``~1/1-5`` of the one before, ``243/1-5`` of
    session 243, ``~8/1-~6/5`` of several.
    """
    options = call.options
    if options.glob is not None:
        pattern = _around(f"{options.glob} {call.arguments}")
        entries = call.shell.history.search(pattern, unique=options.unique, output=options.outputs)
    elif options.last:
        entries = call.shell.history.tail(
            _count(call.arguments), include_latest=False, output=options.outputs
        )
    else:
        entries = chosen(call, call.arguments, output=options.outputs)
    elsewhere = options.glob is not None or options.last
    lines = []
    for entry in entries:
        number = f"{entry.session}/{entry.line}" if elsewhere else f"{entry.line}"
        text = (entry.transformed if options.transformed else None) or entry.source
        if options.prompts:
            text = ">>> " + text.rstrip("\n").replace("\n", "\n... ")
        lines.append(f"{number + ': ' if options.numbers or elsewhere else ''}{text}")
        if options.outputs and (output := _output(call, entry)) is not None:
            lines.append(output)
    text = "\n".join(lines)
    if options.file:
        Path(options.file).expanduser().write_text(text + "\n", "utf-8")
    else:
        print(text)


def _count(text: str) -> int:
    """How many inputs a user asks for. Raises :class:`UsageError`."""
    if text and not text.isdigit():
        raise UsageError(f"%history -l wants the number of inputs, not {text}.")
    return int(text or 10)


def _output(call: MagicCall, entry: HistoryEntry) -> str | None:
    """The text of an input's value: as it was kept, or of the value that Out still has."""
    shell = call.shell
    is_ours = entry.session == shell.history.session
    if entry.output is None and is_ours and entry.line in shell.results.outputs:
        return shell.formatters.plain(shell.results.outputs[entry.line])
    return entry.output


def _around(pattern: str) -> str:
    """A part of the text as a pattern; one that has wildcards stays what it is."""
    wanted = pattern.strip()
    return wanted if "*" in wanted else f"*{wanted}*"


def _latest(call: MagicCall, pattern: str) -> HistoryEntry:
    """The last input that matches, but for the call itself. Raises :class:`UsageError`."""
    itself = call.shell.execution_count
    found = call.shell.history.search(_around(pattern), count=2)
    for entry in reversed(found):
        if (entry.session, entry.line) != (call.shell.history.session, itself):
            return entry
    raise UsageError(f"No input matches {pattern}; %history -g searches all that there are.")


@magic("recall", also=("rep",), arguments="[RANGE …|TEXT]", expands=False)
def recall(call: MagicCall) -> None:
    """Offer inputs as the next one, to be edited: some by number, or the last one that has a text.

    Without either, the text of the last value.
    """
    wanted = call.arguments.strip()
    if not wanted:
        offered = str(call.shell.namespace.get("_", ""))
    else:
        try:
            offered = "\n".join(entry.source for entry in chosen(call, wanted))
        except UsageError:
            offered = _latest(call, wanted).source
    call.shell.front_end.set_next_input(offered, replace=False)


@magic(
    "rerun",
    arguments="[RANGE …]",
    options=(
        Option("-l", "last", "the last COUNT inputs", "COUNT", None, int),
        Option("-g", "glob", "the last input that matches, of any session", "PATTERN"),
    ),
)
def rerun(call: MagicCall) -> None:
    """Run inputs again; without ranges the last one."""
    count = call.shell.execution_count
    if call.options.glob:
        entries = [_latest(call, f"{call.options.glob} {call.arguments}")]
    elif call.arguments:
        entries = chosen(call, call.arguments)
    else:
        wanted = call.options.last or 1
        entries = call.shell.history.range(0, max(1, count - wanted), count)
    text = "\n".join(entry.source for entry in entries if not entry.source.startswith("%rerun"))
    print(f"=== Runs again:\n{text}\n=== Output:")
    call.shell.run_cell(text, store_history=False).raise_error()


@magic(
    "save",
    arguments="FILE [RANGE …]",
    options=(
        Option("-a", "append", "append to the file"),
        Option("-f", "force", "replace a file that is there"),
        Option("-r", "raw", "as typed (otherwise the Python that ran)"),
    ),
)
def save(call: MagicCall) -> None:
    """Write inputs to a file; without ranges all of this session."""
    name, _, ranges = call.arguments.partition(" ")
    if not name:
        raise UsageError("%save wants a file and the inputs, for instance %save work.py 4-6.")
    path = Path(name).expanduser()
    if not path.suffix:
        path = path.with_suffix(".ipy" if call.options.raw else ".py")
    if path.exists() and not (call.options.force or call.options.append):
        raise UsageError(f"{path} is there already: %save -f replaces it, -a appends.")
    entries = chosen(call, ranges)
    texts = [e.source if call.options.raw else e.transformed or e.source for e in entries]
    with path.open("a" if call.options.append else "w", encoding="utf-8") as stream:
        stream.write("\n".join(texts) + "\n")
    print(f"{len(entries)} inputs written to {path}")
