"""Cell magics that another program runs: script and its kin, and those left in the background."""

from __future__ import annotations

import codecs
import shlex
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .options import Option
from .registry import MagicCall, magic

if TYPE_CHECKING:
    import subprocess

_background: list[subprocess.Popen[bytes]] = []
"""Scripts started with --bg, of this process."""

_SCRIPT_OPTIONS = (
    Option("--out", "out", "keep stdout in a variable", "NAME"),
    Option("--err", "err", "keep stderr in a variable", "NAME"),
    Option("--bg", "background", "go on while it runs; NAME of --out gets its pipe"),
    Option("--proc", "process", "keep the process in a variable", "NAME"),
    Option("--no-raise-error", "no_raise", "do not raise when it fails"),
)


@magic("script", arguments="PROGRAM [ARGUMENT …]", kinds=("cell",), options=_SCRIPT_OPTIONS)
def script(call: MagicCall) -> None:
    """Run the cell by a program, for instance ``%%script perl -w``."""
    words = call.words
    if not words:
        raise UsageError("%%script wants the program that runs the cell.")
    _run(call, words)


def _run(call: MagicCall, words: list[str]) -> None:
    import subprocess

    from ..conversing import converse, drain
    from ..system import interrupt_group

    kept: dict[str, list[bytes]] = {name: [] for name in ("out", "err")}
    wanted = {name: getattr(call.options, name) for name in kept}
    targets = {"out": sys.stdout, "err": sys.stderr}
    # Its own descriptors where they are the cell's: then what it leaves behind writes on.
    own = {"out": sys.__stdout__, "err": sys.__stderr__}
    streams: dict[str, Any] = {
        f"std{name}": None
        if not wanted[name] and (call.options.background or targets[name] is own[name])
        else subprocess.PIPE
        for name in kept
    }
    for target in targets.values():
        target.flush()
    try:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True, **streams)
    except OSError as error:
        raise UsageError(f"%%{call.name} cannot run {words[0]}: {error.strerror}.") from None
    namespace = call.shell.namespace
    if call.options.process:
        namespace[call.options.process] = process
    if call.options.background:
        _leave_running(call, process)
        return
    pipes = {"out": process.stdout, "err": process.stderr}
    takers = {
        pipe: kept[name].append if wanted[name] else _shown(targets[name])
        for name, pipe in pipes.items()
        if pipe is not None
    }
    namespace["_exit_code"] = -signal.SIGINT.value  # unless it comes to its end
    try:
        converse(process, (call.cell or "").encode(), takers)
    except KeyboardInterrupt:
        interrupt_group(process)
        process.wait()
        drain(takers)
        raise
    namespace["_exit_code"] = process.returncode
    for name, variable in wanted.items():
        if variable:
            namespace[variable] = b"".join(kept[name]).decode(errors="replace")
    if process.returncode and not call.options.no_raise:
        raise subprocess.CalledProcessError(process.returncode, shlex.join(words))


def _shown(target: Any) -> Callable[[bytes], Any]:
    """What writes a program's bytes to a stream as text, as they come."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def take(data: bytes) -> None:
        target.write(decoder.decode(data))
        target.flush()

    return take


def _leave_running(call: MagicCall, process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write((call.cell or "").encode())
    process.stdin.close()
    _background.append(process)
    for name, pipe in ((call.options.out, process.stdout), (call.options.err, process.stderr)):
        if name:
            call.shell.namespace[name] = pipe


def running_scripts() -> list[subprocess.Popen[bytes]]:
    """The scripts in the background that have not ended."""
    _background[:] = [process for process in _background if process.poll() is None]
    return list(_background)


@magic("killbgscripts")
def killbgscripts(call: MagicCall) -> None:
    """End the scripts that run in the background (%%script --bg)."""
    from ..system import end_group

    scripts = running_scripts()
    for process in scripts:
        end_group(process)
    running_scripts()
    print(f"{len(scripts)} background scripts ended.")


def _by(program: str, words: list[str], what: str) -> None:
    """Define the cell magic of a program."""

    def run(call: MagicCall) -> None:
        _run(call, [*words, *call.words])

    run.__doc__ = f"Run the cell by {what}."
    run.__module__ = __name__
    globals()[f"_{program}"] = magic(
        program,
        kinds=("cell",),
        options=_SCRIPT_OPTIONS,
        arguments="[ARGUMENT …]",
        passes_letters=True,
    )(run)


_by("bash", ["bash"], "bash")
_by("sh", ["sh"], "sh")
_by("perl", ["perl"], "perl")
_by("ruby", ["ruby"], "ruby")
for _name in ("python", "python3"):
    _by(_name, [sys.executable, "-"], "the session's interpreter, in a process of its own")
