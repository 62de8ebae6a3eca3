"""Magics of the session log: logstart, logoff, logon, logstate, logstop."""

from __future__ import annotations

from ..errors import UsageError
from .options import Option
from .registry import MagicCall, magic


@magic(
    "logstart",
    arguments="[FILE [append|backup|global|over|rotate]]",
    options=(
        Option("-o", "output", "log values too, as comments"),
        Option("-r", "raw", "log what was typed; otherwise the Python that ran"),
        Option("-t", "timestamps", "write the time before each input"),
        Option("-q", "quiet", "print nothing"),
    ),
)
def logstart(call: MagicCall) -> None:
    """Log the session to a file; the inputs so far are written first.

    Without a file it is vivo_log.py, and an earlier one is rotated. append: at its end. backup: the
    old one gets a ~. global: append, in the home folder. over: replaced. rotate: the old ones are
    numbered.
    """
    words = call.words
    if len(words) > 2:
        raise UsageError("%logstart wants at most a file and a mode.")
    name = words[0] if words else "vivo_log.py"
    mode = words[1] if len(words) > 1 else "rotate" if not words else "backup"
    shell, options = call.shell, call.options
    entries = shell.history.range(0, 1, shell.execution_count)
    texts = [
        entry.source if options.raw else entry.transformed or entry.source for entry in entries
    ]
    shell.log.start(
        name,
        mode,
        output=options.output,
        raw=options.raw,
        timestamps=options.timestamps,
        inputs=texts,
    )
    if not options.quiet:
        print("Activating auto-logging. Current session state plus future input saved.")
        print(shell.log.status())


@magic("logoff")
def logoff(call: MagicCall) -> None:
    """Suspend the log; %logon goes on."""
    call.shell.log.switch(False)
    print("Switching logging OFF")


@magic("logon")
def logon(call: MagicCall) -> None:
    """Go on with the log that %logoff has suspended."""
    call.shell.log.switch(True)
    print("Switching logging ON")


@magic("logstate")
def logstate(call: MagicCall) -> None:
    """Print what is logged, where and how."""
    print(call.shell.log.status())


@magic("logstop")
def logstop(call: MagicCall) -> None:
    """End the log and close its file."""
    call.shell.log.stop()
