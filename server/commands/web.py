"""``vivo web``: sessions in the browser."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ...parallel.errors import SessionError
from ...parallel.registry import Registry
from ..console.attach import named

if TYPE_CHECKING:
    from ..web.application import Site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--session", metavar="ID", help="the session that is opened first")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="a port of your choice")
    parser.add_argument("--open", action="store_true", help="open the page in your browser")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="another address to listen on; what others can reach wants a certificate",
    )  # fmt: skip
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="for TLS, in PEM")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its key, in PEM")
    parser.add_argument(
        "--name", action="append", default=[], metavar="HOST",
        help="a name under which browsers reach it, where that is not the address",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Serve until it is interrupted."""
    check_installed()
    from ..web.servers import page_that_leads_to
    from ..web.serving import WebOptions, serve

    wanted = WebOptions(
        host=options.host,
        port=options.port,
        folder=str(Path.cwd()),
        session=named(options.session, Registry()).id if options.session else None,
        certificate=options.certificate,
        key=options.key,
        names=tuple(options.name),
    )

    opening = contextlib.ExitStack()

    def started(site: Site, link: str) -> None:
        print(link, flush=True)
        print(
            "Open this link once, within ten minutes; it is yours alone. Ctrl-C ends the server; "
            "sessions go on.",
            file=sys.stderr,
        )
        if options.open:
            page = opening.enter_context(page_that_leads_to(link))
            webbrowser.open(page.as_uri())

    with opening, contextlib.suppress(KeyboardInterrupt):  # the way to end it
        asyncio.run(serve(wanted, started))
    return 0


def check_installed() -> None:
    """Raise :class:`SessionError` if what serves pages is missing."""
    missing = [name for name in ("starlette", "uvicorn", "websockets") if find_spec(name) is None]
    if missing:
        raise SessionError(f"Not installed: {', '.join(missing)}. Do `pip install 'vivo[web]'`.")
