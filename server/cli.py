"""The ``vivo`` command: a subcommand a module, loaded when it is used."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..core.errors import VivoError
from .command_parser import CommandParser

COMMANDS = {
    "run": "run a file of cells and show its values inline",
    "console": "work in a session from the terminal",
    "export": "make a notebook of a script of cells, a script of a notebook, a page of either",
    "web": "work in sessions in the browser",
    "share": "let others into a session by a link; list shares, end them",
    "lsp": "serve an editor on stdin and stdout",
    "sessions": "start a session; list them, show what they did, run it again, restart or end them",
    "cluster": "start a cluster of engines; list them, see what one does, stop it",
    "kernelspec": "make vivo a Jupyter kernel",
    "kernel": "keep a session for a Jupyter launcher",
}

OTHER_NAMES = {"session": "sessions"}


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """The command line's parser; with every option of ``command``, if one is named."""
    top = CommandParser(prog="vivo", description="Live Python sessions inside the editor.")
    top.add_argument("--version", action="version", version=f"vivo {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        others = [other for other, meant in OTHER_NAMES.items() if meant == name]
        sub = commands.add_parser(
            name, aliases=others, help=summary, description=summary.capitalize() + "."
        )
        if name == command:
            module = importlib.import_module(f".commands.{name}", __package__)
            module.add_arguments(sub)
    return top


def leave_out_pythonpath() -> None:
    """Take the folders of ``PYTHONPATH`` off this process's path.

    They are meant for the user's code; another version of a library of ours there is not for us.
    The variable stays, for the sessions that are started.
    """
    named = os.environ.get("PYTHONPATH", "")
    if not named or sys.flags.ignore_environment:
        return
    import site
    import sysconfig

    own = {*site.getsitepackages(), *sysconfig.get_paths().values()}
    others = {os.path.abspath(folder) for folder in named.split(os.pathsep)} - own  # noqa: PTH100
    sys.path[:] = [folder for folder in sys.path if folder not in others]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status. 2 for a wrong use, 1 for what failed."""
    leave_out_pythonpath()
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in words if not word.startswith("-")), "")
    command = OTHER_NAMES.get(command, command)
    options = parser(command if command in COMMANDS else None).parse_args(words)
    module = importlib.import_module(f".commands.{command}", __package__)
    try:
        return int(module.run(options))
    except VivoError as error:
        print(f"vivo {options.command}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
