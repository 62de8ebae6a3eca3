"""``vivo sessions``: start one, list those of this machine, who is there, what they did; end."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import attrs

from ...parallel.registry import Registry
from ..protocol.sessions import SessionInfo
from . import session_reaching, session_start


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="for programs")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="list them (the default)")
    listing.add_argument("--json", action="store_true", help="for programs")
    start = actions.add_parser("start", help="start one; its id is printed")
    session_start.add_arguments(start)
    show = actions.add_parser("show", help="the transcript of one, also of one that has ended")
    show.add_argument("id", nargs="?", metavar="ID", help="without it: which have a transcript")
    show.add_argument("--json", action="store_true", help="for programs: an entry a line")
    rerun = actions.add_parser("rerun", help="run the inputs of one again, in a fresh session")
    rerun.add_argument("id", metavar="ID", help="an id, or the beginning of one")
    rerun.add_argument("--all", action="store_true", help="also those that did not end well")
    rerun.add_argument("--python", metavar="PATH", help="the interpreter of the fresh session")
    restart = actions.add_parser("restart", help="give one a fresh Python: its variables go")
    restart.add_argument("id", metavar="ID", help="an id, or the beginning of one")
    who = actions.add_parser("who", help="who is in one, and whose cell runs")
    who.add_argument("id", metavar="ID", help="an id, or the beginning of one")
    who.add_argument("--json", action="store_true", help="for programs")
    connection = actions.add_parser(
        "connection", help="where one's connection file is, for Jupyter"
    )
    session_reaching.add_connection_arguments(connection)
    interrupt = actions.add_parser("interrupt", help="interrupt the cell that runs in one")
    session_reaching.add_interrupt_arguments(interrupt)
    end = actions.add_parser("end", aliases=["stop"], help="end some, or all")
    end.add_argument("ids", nargs="*", metavar="ID", help="an id, or the beginning of one")
    end.add_argument("--all", action="store_true", help="every session of this machine")


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    if options.action == "start":
        return session_start.start(options)
    if options.action == "restart":
        return asyncio.run(_restart(options.id))
    if options.action == "connection":
        return session_reaching.connection(options)
    if options.action == "interrupt":
        return asyncio.run(session_reaching.interrupt(options))
    if options.action in ("end", "stop"):
        return asyncio.run(_end(options))
    if options.action == "who":
        return asyncio.run(_who(options.id, as_json=options.json))
    if options.action in ("show", "rerun"):
        from . import session_transcript

        if options.action == "show":
            return session_transcript.show(options)
        return asyncio.run(session_transcript.rerun(options))
    from ..sessions import list_sessions

    infos = asyncio.run(list_sessions())
    if options.json:
        print(json.dumps([_told(info) for info in infos], indent=1))
    else:
        print(table(infos))
    return 0


def _told(info: SessionInfo) -> dict[str, Any]:
    """A session for programs, with the file by which they connect."""
    entry = Registry().read(info.session_id)
    return {**attrs.asdict(info), "connection_file": entry.connection_file if entry else None}


async def _restart(wanted: str) -> int:
    from ...parallel.client import SessionClient
    from ...parallel.errors import SessionError

    entry = Registry().get(wanted)
    if entry is None:
        raise SessionError(f"there is no session {wanted}; `vivo sessions` lists them.")
    client = await SessionClient.connect(entry.connection_file, name="vivo sessions")
    try:
        await client.restart()
    finally:
        await client.close()
    print(f"restarted {entry.id}")
    return 0


async def _who(wanted: str, *, as_json: bool) -> int:
    import msgspec

    from ...parallel.client import SessionClient
    from ...parallel.presence import ask
    from ...parallel.registry import Registry
    from ..console.attach import named

    entry = named(wanted, Registry())
    client = await SessionClient.connect(entry.connection_file, name="vivo sessions")
    try:
        told = await ask(client)
    finally:
        await client.close()
    if as_json:
        print(json.dumps(msgspec.to_builtins(told), indent=1))
        return 0
    if not told.people:
        print(f"Nobody is in {entry.name or entry.id}.")
        return 0
    rows = [("NAME", "BY", "ROLE", "SINCE", "")]
    for each in told.people:
        since = f"{age(time.time() - each.since)} ago"
        if each.heard is not None:
            since = f"heard {age(time.time() - each.heard)} ago"
        runs = "a cell runs" if each.id == told.running else ""
        rows.append((each.name, each.kind, each.role, since, runs))
    print(columns(rows))
    return 0


async def _end(options: argparse.Namespace) -> int:
    from ...parallel.errors import SessionError
    from ...parallel.launch import end_session
    from ...parallel.registry import liveness

    ids = list(options.ids)
    if options.all:
        entries = Registry().listing().entries
        ids = [entry.id for entry in entries if liveness(entry) != "foreign"]
    elif not ids:
        raise SessionError("name the sessions to end, or say --all; `vivo sessions` lists them.")
    for session in ids:
        if options.all and Registry().get(session) is None:
            continue  # it was an engine of a cluster that has ended with its session
        await end_session(session)
        print(f"ended {session}")
    if not ids:
        print("There are no sessions.")
    return 0


def table(infos: list[SessionInfo]) -> str:
    """The sessions, a line each."""
    if not infos:
        return (
            "There are no sessions. `vivo session start` starts one, as a cell in an editor does."
        )
    rows = [("ID", "NAME", "STATE", "PYTHON", "MEMORY", "AGE", "FOLDER", "WHEN IDLE")]
    for info in infos:
        memory = f"{info.memory >> 20} MB" if info.memory else "–"
        version = info.python_version or "–"
        rows.append(
            (info.session_id, info.name, info.state, f"{version} {info.python}", memory,
             age(time.time() - info.created), info.cwd, "kept")
        )  # fmt: skip
    return columns(rows)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts, each column as wide as its widest."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def age(seconds: float) -> str:
    """A duration as people say it."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
