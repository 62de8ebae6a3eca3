"""``vivo sessions start``: a session as an editor starts it, from the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

import attrs

from ...parallel.directories import in_full
from ...parallel.errors import SessionError
from ...parallel.launch import SessionOptions, start_session
from ...parallel.registry import SessionEntry
from ..interpreters import choose_interpreter
from .options import add_launcher_option


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        "Start a session, which goes on until it is ended. Its id is printed. An editor or a "
        "console in the same folder finds it."
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="an interpreter (3.10 or newer), an environment's folder, a name on the PATH, or a "
        "version as 3.12; by default the activated environment's, else the nearest .venv's, "
        "else vivo's own. Nothing needs to be installed there, and nothing is written there",
    )
    parser.add_argument(
        "--cwd", "--folder", metavar="DIR", help="where it starts; by default, here"
    )
    parser.add_argument("--name", metavar="NAME", help="by default, the folder's")
    parser.add_argument("--profile", metavar="NAME", help="the profile of its shell")
    parser.add_argument(
        "--kernel",
        metavar="NAME",
        help="another kernel that is installed for Jupyter, or its kernelspec's folder, hosted as "
        "a session; the console says what it lacks",
    )
    parser.add_argument(
        "--launcher",
        metavar="NAME",
        help="start it as a job of a batch system: slurm, pbs, sge or lsf. Editors and consoles of "
        "this host use it as any other",
    )
    parser.add_argument(
        "--on",
        metavar="ssh://HOST",
        help="start it on another host, by your ssh: --python and --cwd are that host's. From then "
        "on it is in the list of this machine as any other",
    )
    add_vivo_option(parser)
    add_launcher_option(parser, "tell the batch system something, as partition=debug")
    parser.add_argument(
        "--listen", metavar="ADDRESS", default="", help="an address of this host that jobs reach"
    )
    parser.add_argument("--json", action="store_true", help="for programs: more than the id")


def add_vivo_option(parser: argparse.ArgumentParser) -> None:
    """Declare how the ``vivo`` of another host is named."""
    parser.add_argument(
        "--vivo",
        metavar="PATH",
        default="",
        help="vivo on that host, or the environment that it is in; by default what a shell finds "
        "there, also in ~/.local/bin",
    )


def start(options: argparse.Namespace) -> int:
    """Start it and print its id."""
    if options.on:
        return asyncio.run(_start_on(options))
    if options.vivo:
        raise SessionError(
            "--vivo names the vivo of another host: say which, with --on ssh://HOST."
        )
    folder = str(in_full(Path(options.cwd or "").expanduser()))
    if options.kernel:
        if options.python or options.profile:
            raise SessionError("--kernel names the whole kernel: leave out --python and --profile.")
        hosted = SessionOptions(cwd=folder, workspace=folder, name=options.name or "")
        return asyncio.run(_start(hosted, kernel=options.kernel, as_json=options.json))
    if options.profile:
        from ...core.profiles import find_profile

        find_profile(options.profile)  # a wrong name is said now, and not by the first cell
    wanted = SessionOptions(
        python=choose_interpreter(Path(folder, "session"), options.python),
        cwd=folder,
        workspace=folder,
        name=options.name or "",
        profile=options.profile,
    )
    if options.launcher:
        return asyncio.run(_start_in_job(wanted, options))
    return asyncio.run(_start(wanted, as_json=options.json))


async def _start_on(options: argparse.Namespace) -> int:
    from ...parallel.remote.places import place_of
    from ...parallel.remote.starting import start_on

    if options.kernel or options.launcher:
        other = "--kernel" if options.kernel else "--launcher"
        raise SessionError(f"--on and {other} exclude each other: start it by `vivo` on that host.")
    entry = await start_on(
        place_of(options.on),
        python=options.python,
        folder=options.cwd or "",
        name=options.name or "",
        profile=options.profile,
        vivo=options.vivo,
    )
    return await _tell(entry, as_json=options.json)


async def attach(place: str, vivo: str) -> int:
    """Make a session of another host known here, and print its id."""
    from ...parallel.remote.places import place_of
    from ...parallel.remote.starting import attach_to

    return await _tell(await attach_to(place_of(place), vivo=vivo), as_json=False)


async def _start_in_job(wanted: SessionOptions, options: argparse.Namespace) -> int:
    from ...parallel.cluster.progress import Line
    from ...parallel.controller.launchers.allocations import start_in_allocation

    with Line() as line:
        entry = await start_in_allocation(
            options.launcher, wanted, dict(options.option), listen=options.listen, show=line.show
        )
    return await _tell(entry, as_json=options.json)


async def _start(wanted: SessionOptions, *, as_json: bool, kernel: str | None = None) -> int:
    if kernel is None:
        entry = await start_session(wanted)
    else:
        from ...parallel.hosted.start import start_hosted

        entry = await start_hosted(kernel, wanted)
    return await _tell(entry, as_json=as_json)


async def _tell(entry: SessionEntry, *, as_json: bool) -> int:
    if as_json:
        from ..sessions import session_info

        told = attrs.asdict(await session_info(entry))
        print(json.dumps({**told, "connection_file": entry.connection_file}, indent=1))
        return 0
    print(entry.id)
    if sys.stdout.isatty():
        print(
            f"{entry.python} in {entry.cwd}{f' on {entry.on}' if entry.on else ''}. To work in it: "
            f"`vivo console --session {entry.id}`; to end it: `vivo session end {entry.id}`.",
            file=sys.stderr,
        )
    return 0
