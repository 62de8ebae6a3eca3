"""``vivo lsp``: serve an editor."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--stdio", action="store_true", help="the only way; editors say it")


def run(options: argparse.Namespace) -> int:
    """Serve until the editor is gone."""
    from ..lsp.server import serve

    return serve()
