"""``vivo sessions connection`` and ``interrupt``: for front ends that vivo did not start."""

from __future__ import annotations

import argparse

from ...parallel.directories import current_folder
from ...parallel.errors import SessionError
from ...parallel.launch import find_session
from ...parallel.registry import Registry, SessionEntry
from ..console.attach import named

OUTCOMES = {
    "interrupted": "interrupted {id}",
    "idle": "nothing runs in {id}",
    "mismatch": "the cell of {id} had ended",
    "removed_from_queue": "taken out of the queue of {id}",
}


def add_connection_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``connection``."""
    parser.description = (
        "Print the path of a session's connection file, by which any Jupyter front end attaches to "
        "it: `jupyter console --existing $(vivo sessions connection ID)`."
    )
    _add_id(parser)
    parser.add_argument(
        "--folder",
        action="store_true",
        help="the folder with the connection files of all sessions, which Jupyter's servers look "
        "through: jupyter lab --ServerApp.allow_external_kernels=True "
        "--ServerApp.external_connection_dir=FOLDER",
    )


def add_interrupt_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``interrupt``."""
    parser.description = "Interrupt the cell that runs, whichever front end has sent it."
    _add_id(parser)


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id",
        nargs="?",
        metavar="ID",
        help="an id, or the beginning of one; without it, the newest of the current folder",
    )


def connection(options: argparse.Namespace) -> int:
    """Print the path."""
    if options.folder:
        if options.id is not None:
            raise SessionError("--folder is of all sessions: leave out the id.")
        print(Registry().connections)
    else:
        print(_wanted(options.id).connection_file)
    return 0


async def interrupt(options: argparse.Namespace) -> int:
    """Interrupt and say what came of it."""
    from ...parallel.client import SessionClient

    entry = _wanted(options.id)
    client = await SessionClient.connect(entry.connection_file, name="vivo sessions")
    try:
        outcome = await client.interrupt()
    finally:
        await client.close()
    print(OUTCOMES.get(outcome, outcome).format(id=entry.id))
    return 0


def _wanted(session: str | None) -> SessionEntry:
    """The live session that is named, else the newest of this folder."""
    if session is not None:
        return named(session, Registry())
    folder = str(current_folder())
    found = find_session(workspace=folder)
    if found is None:
        raise SessionError(
            f"No session runs for the folder {folder}: name one; `vivo sessions` lists them."
        )
    return found
