"""Options that several commands have."""

from __future__ import annotations

import argparse

_NAMED = (
    "launcher", "n", "name", "python", "cwd", "restarts", "policy", "listen", "reach",
)  # fmt: skip


def add_launcher_option(parser: argparse.ArgumentParser, help: str) -> None:
    """Declare ``--option``, which may be repeated."""
    parser.add_argument(
        "--option",
        metavar="KEY=VALUE",
        type=launcher_option,
        action="append",
        default=[],
        help=f"{help}; may be repeated",
    )


def launcher_option(text: str) -> tuple[str, str]:
    """``KEY=VALUE`` for a launcher. Raises :class:`argparse.ArgumentTypeError`."""
    name, mark, value = text.partition("=")
    if not mark or not name.isidentifier() or name in _NAMED:
        raise argparse.ArgumentTypeError(f"{text!r} is no option of a launcher: give KEY=VALUE")
    return name, value
