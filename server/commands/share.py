"""``vivo share``: let others into one session, by a link; list shares, end them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import socket
import sys
import time
from typing import TYPE_CHECKING

from ...parallel.errors import SessionError
from ...parallel.registry import Registry, SessionEntry
from ..console.attach import named
from .sessions import age, columns

if TYPE_CHECKING:
    from ..web.application import Site
    from ..web.shares import Share

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST = 30 * 86400.0
_MAY = {
    "viewer": "see all of it and change nothing",
    "runner": "see all of it and run cells in it, which is any code, with your rights",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "session", nargs="?", metavar="SESSION",
        help="an id, or the beginning of one; without it, the shares that there are",
    )  # fmt: skip
    parser.add_argument(
        "--role", choices=("viewer", "runner"), default="viewer",
        help="what who comes may do: look on (the default), or run cells too",
    )  # fmt: skip
    parser.add_argument(
        "--for", dest="seconds", type=seconds, default=8 * 3600.0, metavar="TIME",
        help="how long it lasts: 30min, 8h (the default), 2d; at most 30d, and the session's life",
    )  # fmt: skip
    parser.add_argument("--name", default="", help="for whom it is: their name, if they give none")
    parser.add_argument("--end", nargs="*", metavar="ID", help="end shares: who is in is let go of")
    parser.add_argument("--all", action="store_true", help="with --end: all of them")
    parser.add_argument("--json", action="store_true", help="the list, for programs")


def seconds(text: str) -> float:
    """A length of time. Raises ``ArgumentTypeError``."""
    parts = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)\s*(s|m|min|h|d)", text.strip().lower())
    if parts is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time: say 30min, 8h or 2d")
    found = float(parts[1]) * _UNITS[parts[2]]
    if not 1 <= found <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not between a second and 30d")
    return found


def run(options: argparse.Namespace) -> int:
    """Do what the options say."""
    if options.end is not None or options.all:
        return _end(options.end or [], everything=options.all)
    if options.session is None:
        return _list(as_json=options.json)
    return _share(options)


def _end(wanted: list[str], *, everything: bool) -> int:
    from ..web.shares import end_share, list_shares

    shares = list_shares()
    if everything:
        ending = shares
    elif not wanted:
        raise SessionError("name the shares to end, or say --all; `vivo share` lists them.")
    else:
        ending = [_found(each, shares) for each in wanted]
    for share in ending:
        end_share(share.id)
        print(f"ended {share.id}")
    if not ending:
        print("There are no shares.")
    return 0


def _found(wanted: str, shares: list[Share]) -> Share:
    matches = [share for share in shares if wanted and share.id.startswith(wanted)]
    if len(matches) != 1:
        told = "is the beginning of several shares" if matches else "is no share"
        raise SessionError(f"{wanted} {told}; `vivo share` lists them.")
    return matches[0]


def _list(*, as_json: bool) -> int:
    from ..web.shares import list_shares

    shares = list_shares()
    if as_json:
        told = [
            {"id": each.id, "session": each.session, "role": each.role, "name": each.name,
             "created": each.created, "until": each.until}
            for each in shares
        ]  # fmt: skip
        print(json.dumps(told, indent=1))
        return 0
    if not shares:
        print("Nothing is shared. `vivo share SESSION --role viewer` gives a link to a session.")
        return 0
    rows = [("ID", "SESSION", "ROLE", "FOR", "ENDS IN")]
    for each in shares:
        left = "with its session" if each.until is None else age(max(0, each.until - time.time()))
        rows.append((each.id, each.session, each.role, each.name or "–", left))
    print(columns(rows))
    return 0


def _share(options: argparse.Namespace) -> int:
    from ..web.servers import running
    from ..web.shares import end_share, make_share

    entry = named(options.session, Registry())
    servers = running()
    if not servers:
        from .web import check_installed

        check_installed()
    share, secret = make_share(
        entry.id, options.role, time.time(), seconds=options.seconds, name=options.name
    )
    if servers:
        _tell(share, entry, f"{servers[0].address}/#{secret}")
        if servers[0].is_loopback:
            _tell_way(servers[0].port)
        return 0
    try:
        _serve(share, entry, secret)
    finally:
        end_share(share.id)
    return 0


def _serve(share: Share, entry: SessionEntry, secret: str) -> None:
    """Serve the share's visitors: no web server of the user's runs."""
    from ..web.serving import WebOptions, serve, shown_host

    options = WebOptions(folder=entry.cwd, session=entry.id)

    def started(site: Site, _: str) -> None:
        _tell(share, entry, f"{site.address(shown_host(options))}/#{secret}")
        _tell_way(site.port)
        _say("No `vivo web` runs, so this command serves the page: Ctrl-C ends it, and the share.")

    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        asyncio.run(serve(options, started))


def _tell(share: Share, entry: SessionEntry, link: str) -> None:
    print(link, flush=True)
    lasts = "" if share.until is None else f", for {age(share.until - share.created)}"
    _say(
        f"Who opens this link comes into {entry.name or entry.id} as a {share.role}: they may "
        f"{_MAY[share.role]}{lasts}. `vivo share --end {share.id}` ends it at once."
    )


def _tell_way(port: int) -> None:
    _say(
        "Only this machine reaches it. From another one, first `ssh -N -L "
        f"{port}:127.0.0.1:{port} {socket.gethostname()}`, then the link; or start `vivo web "
        "--host ADDRESS --certificate FILE --key FILE` and share again."
    )


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
