"""Magics of the operating system's commands: sx, system, sc, rehashx."""

from __future__ import annotations

import os
from typing import Any

from ..errors import UsageError
from .options import Option
from .registry import MagicCall, magic


@magic("sx", arguments="COMMAND", cell_arguments="[COMMAND]", kinds=("line", "cell"))
def sx(call: MagicCall) -> Any:
    """Run a command of the operating system and give its output as lines: ``!!command``.

    In a cell as in a line ``$name`` and ``{expression}`` are Python's.
    """
    from ..system import capture_command

    command = call.arguments
    if call.cell is not None:
        command += f"\n{call.shell.expand(call.cell, call.frame)}"
    output, status = capture_command(command)
    call.shell.namespace["_exit_code"] = status
    return output


@magic("system", arguments="COMMAND", cell_arguments="[COMMAND]", kinds=("line", "cell"))
def system(call: MagicCall) -> Any:
    """Run a command of the operating system and give its output as lines, as %sx does."""
    return sx(call)


@magic(
    "sc",
    arguments="NAME=COMMAND",
    options=(
        Option("-l", "lines", "keep the lines as a list"),
        Option("-v", "shown", "print the value too"),
    ),
)
def sc(call: MagicCall) -> Any:
    """Keep a command's output in a variable; today rather ``NAME = !command``."""
    from ..system import capture_command

    name, equals, command = call.arguments.partition("=")
    if not equals:
        raise UsageError("%sc wants NAME=command.")
    output, status = capture_command(command)
    namespace = call.shell.namespace
    namespace["_exit_code"] = status
    value = output if call.options.lines else output.n
    if call.options.shown:
        print(f"{name.strip()} == {value!r}")
    if not name.strip():
        return value
    namespace[name.strip()] = value
    return None


@magic("rehashx")
def rehashx(call: MagicCall) -> None:
    """Make an alias of every program on the PATH that no magic or builtin is called as."""
    import builtins
    import keyword

    shell, found = call.shell, 0
    for folder in os.get_exec_path():
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue  # PATH may name folders that are not there
        for entry in entries:
            name = entry.name
            taken = shell.magics.find(name) or hasattr(builtins, name) or keyword.iskeyword(name)
            if not taken and name.isidentifier() and os.access(entry.path, os.X_OK):
                found += name not in shell.aliases
                shell.aliases.setdefault(name, name)
    print(f"{found} aliases made; %alias lists them.")
