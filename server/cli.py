"""The ``vivo`` command: a subcommand a module, loaded when it is used."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from .. import __version__
from ..core.errors import VivoError

COMMANDS = {
    "run": "run a file of cells and show its values inline",
    "console": "work in a session from the terminal",
    "lsp": "serve an editor on stdin and stdout",
    "sessions": "list the sessions, show what they did, run it again, or end them",
    "kernelspec": "make vivo a Jupyter kernel",
    "kernel": "keep a session for a Jupyter launcher",
}


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """The command line's parser; with every option of ``command``, if one is named."""
    top = argparse.ArgumentParser(
        prog="vivo", description="Live Python sessions inside the editor."
    )
    top.add_argument("--version", action="version", version=f"vivo {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
        if name == command:
            module = importlib.import_module(f".commands.{name}", __package__)
            module.add_arguments(sub)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status. 2 for a wrong use, 1 for what failed."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in words if not word.startswith("-")), None)
    options = parser(command if command in COMMANDS else None).parse_args(words)
    module = importlib.import_module(f".commands.{options.command}", __package__)
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
