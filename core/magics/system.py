"""Magics of the operating system: folders and commands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .options import Option
from .registry import MagicCall, magic

_visited: list[str] = []


@magic("pwd")
def pwd(call: MagicCall) -> str:
    """Give the current folder."""
    return str(Path.cwd())


@magic("cd", options=(Option("-q", "quiet", "do not print the folder"),))
def cd(call: MagicCall) -> None:
    """Change the current folder: %cd FOLDER, %cd - for the last one, %cd for home."""
    words = call.words
    target = words[0] if words else "~"
    if target == "-":
        if not _visited:
            raise UsageError("%cd -: no folder was left yet.")
        target = _visited[-1]
    here = str(Path.cwd())
    try:
        os.chdir(Path(target).expanduser())
    except OSError as error:
        raise UsageError(f"%cd cannot go to {target}: {error.strerror}.") from None
    _visited.append(here)
    if not call.options.quiet:
        print(Path.cwd())


@magic("dhist")
def dhist(call: MagicCall) -> list[str]:
    """Give the folders that %cd has left."""
    return list(_visited)


@magic("sx", kinds=("line", "cell"))
def sx(call: MagicCall) -> Any:
    """Run a command and give its output as lines: ``!!command``."""
    from ..system import capture_command

    command = call.arguments if call.cell is None else f"{call.arguments}\n{call.cell}"
    output, status = capture_command(command)
    call.shell.namespace["_exit_code"] = status
    return output


@magic("system", kinds=("line", "cell"))
def system(call: MagicCall) -> Any:
    """The same as %sx."""
    return sx(call)


_SCRIPT_OPTIONS = (
    Option("-o", "out", "keep stdout in a variable", "NAME", long="--out"),
    Option("-e", "err", "keep stderr in a variable", "NAME", long="--err"),
    Option("-r", "no_raise", "do not raise when it fails", long="--no-raise-error"),
)


@magic("script", kinds=("cell",), options=_SCRIPT_OPTIONS)
def script(call: MagicCall) -> None:
    """Run the cell by a program: %%script perl -w."""
    words = call.words
    if not words:
        raise UsageError("%%script wants the program that runs the cell.")
    _run_script(call, words)


def _run_script(call: MagicCall, words: list[str]) -> None:
    from ..system import interrupt_group

    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True, **streams)
    except OSError as error:
        raise UsageError(f"%%{call.name} cannot run {words[0]}: {error.strerror}.") from None
    try:
        out, err = process.communicate((call.cell or "").encode())
    except KeyboardInterrupt:
        interrupt_group(process)
        process.communicate()
        raise
    call.shell.namespace["_exit_code"] = process.returncode
    for text, name, stream in (
        (out.decode(errors="replace"), call.options.out, sys.stdout),
        (err.decode(errors="replace"), call.options.err, sys.stderr),
    ):
        if name:
            call.shell.namespace[name] = text
        else:
            stream.write(text)
    if process.returncode and not call.options.no_raise:
        raise subprocess.CalledProcessError(process.returncode, shlex.join(words))


@magic("bash", kinds=("cell",), options=_SCRIPT_OPTIONS)
def bash(call: MagicCall) -> None:
    """Run the cell by bash."""
    _run_script(call, ["bash", *call.words])


@magic("sh", kinds=("cell",), options=_SCRIPT_OPTIONS)
def sh(call: MagicCall) -> None:
    """Run the cell by sh."""
    _run_script(call, ["sh", *call.words])


@magic("python", kinds=("cell",), options=_SCRIPT_OPTIONS)
def python(call: MagicCall) -> None:
    """Run the cell by the session's interpreter, in a process of its own."""
    _run_script(call, [sys.executable, "-", *call.words])


@magic("writefile", kinds=("cell",), options=(Option("-a", "append", "append to the file"),))
def writefile(call: MagicCall) -> None:
    """Write the cell to a file."""
    if not call.arguments:
        raise UsageError("%%writefile wants a file.")
    path = Path(call.words[0]).expanduser()
    verb = "Appending to" if call.options.append else "Overwriting" if path.exists() else "Writing"
    try:
        with path.open("a" if call.options.append else "w", encoding="utf-8") as stream:
            stream.write(call.cell or "")
    except OSError as error:
        raise UsageError(f"%%writefile cannot write {path}: {error.strerror}.") from None
    print(f"{verb} {path}")
