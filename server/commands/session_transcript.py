"""``vivo sessions show`` and ``rerun``: what a session did, and doing it again."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ...parallel.client import SessionClient
from ...parallel.errors import SessionError
from ...parallel.interpreters import find_python
from ...parallel.launch import SessionOptions, start_session
from ...parallel.messages import RunRecord
from ...parallel.registry import Registry, SessionEntry, liveness
from ...parallel.transcripts import (
    TranscriptEntry,
    description,
    find_journal,
    inputs,
    journals,
    transcript,
)
from ..transcript_text import text_of


def show(options: argparse.Namespace) -> int:
    """Print the transcript of a session; without an id, which sessions have one."""
    if not options.id:
        print(_listing(as_json=options.json))
        return 0
    session = Registry().get(options.id)
    if session is not None and session.remote:
        asyncio.run(_show_far(session, as_json=options.json))
        return 0
    for entry in transcript(find_journal(options.id)):
        _print(entry, as_json=options.json)
    return 0


async def _show_far(session: SessionEntry, *, as_json: bool) -> None:
    from ...parallel.remote.transcript import far_transcript

    async for entry in far_transcript(session):
        _print(entry, as_json=as_json)


def _print(entry: TranscriptEntry, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_plain(entry)))
    else:
        sys.stdout.write(text_of(entry, colour=sys.stdout.isatty()))


def _plain(entry: TranscriptEntry) -> dict[str, Any]:
    told = {"kind": entry.kind, "seq": entry.seq, "run": entry.run, "content": entry.content}
    if entry.record is not None:
        told["record"] = msgspec.to_builtins(entry.record)
    return told


def _listing(*, as_json: bool) -> str:
    rows = list(_described())
    if as_json:
        return json.dumps(rows, indent=1)
    if not rows:
        return "No session has left a journal."
    return "\n".join(
        f"{row['id']}  {row['state']:<5}  {row['last_written']}  {row['cwd']}" for row in rows
    )


def _described() -> Iterator[dict[str, Any]]:
    for folder in journals():
        entry = description(folder)
        is_live = entry is not None and liveness(entry) == "live"
        written = max(path.stat().st_mtime for path in folder.glob("events-*.log"))
        yield {
            "id": folder.name,
            "state": "live" if is_live else "ended",
            "last_written": time.strftime("%Y-%m-%d %H:%M", time.localtime(written)),
            "cwd": entry.cwd if entry else "",
        }


async def rerun(options: argparse.Namespace) -> int:
    """Run the inputs of a session again in a fresh one; 1 if one of them fails, and then stop.

    Those that did not end well the first time are left out, and named, unless all are wanted: the
    one that hung the session would do so again.
    """
    session = Registry().get(options.id)
    if session is not None and session.remote:
        raise SessionError(
            f"The journal of {session.id} is on {session.on}: say `vivo sessions rerun` there."
        )
    folder = find_journal(options.id)
    cells, left_out = _wanted(folder, every=options.all)
    if not cells:
        raise SessionError(f"The session {folder.name} has no input to run again.")
    entry = await start_session(_options(folder, options.python and find_python(options.python)))
    print(f"The inputs of {folder.name} run again in the session {entry.id}.")
    for record in left_out:
        print(f"left out: {_place(record)}, which ended {_ending(record)} (--all runs it too)")
    client = await SessionClient.connect(entry.connection_file, name="rerun")
    try:
        return await _run_again(client, cells, entry.id)
    finally:
        await client.close()


def _wanted(folder: Path, *, every: bool) -> tuple[list[RunRecord], list[RunRecord]]:
    cells: list[RunRecord] = []
    left_out: list[RunRecord] = []
    for record in inputs(folder):
        (cells if every or record.status == "ok" else left_out).append(record)
    return cells, left_out


def _options(folder: Path, python: str | None) -> SessionOptions:
    was = description(folder)
    if was is None:
        return SessionOptions(python=python) if python else SessionOptions()
    return SessionOptions(
        python=python or was.python, cwd=was.cwd, workspace=was.workspace, name=was.name
    )


async def _run_again(client: SessionClient, cells: list[RunRecord], session: str) -> int:
    from ...parallel.messages import RunOrigin

    for number, cell in enumerate(cells, 1):
        origin = RunOrigin(
            uri=cell.uri, version=cell.version, path=cell.path, first_line=cell.first_line
        )
        done = await (await client.execute(cell.source, origin=origin)).finished()
        if done.status != "ok":
            error = done.error
            told = f"{error.name}: {error.message}" if error else done.status
            line = f", line {error.line}" if error and error.line else ""
            print(
                f"{_place(cell)}{line} failed: {told}\n"
                f"{number - 1} of {len(cells)} inputs ran; "
                f"the session {session} has what they made."
            )
            return 1
    print(f"{len(cells)} inputs ran; the session {session} has what they made.")
    return 0


def _place(record: RunRecord) -> str:
    where = f" ({record.path}:{record.first_line})" if record.path else ""
    return f"In [{record.execution_count}]{where}"


def _ending(record: RunRecord) -> str:
    if record.error is not None:
        return f"with {record.error.name}"
    return {"running": "with its session", "aborted": "aborted"}.get(record.status, record.status)
