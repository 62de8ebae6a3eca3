"""``python -m vivo.parallel.controller``: start a cluster, or take one up again.

The controller goes on in a process of its own; this one ends when clients may come, with one line
of JSON on its standard output: ``{"status": "ready", "file": …}`` with the cluster's entry, or
``{"status": "failed", "message": …}``. Rules:

1. No key stands on a command line: it is made here, and kept in the entry's file.
2. A cluster whose controller is gone is taken up again under its name (``--resume``): with its
   addresses, its key, its tasks, and the engines that are still there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from ...core.errors import VivoError
from ...core.private_files import open_file
from ..directories import check_folder
from ..errors import SessionError
from ..processes import process_started
from ..registry import new_id
from . import files
from .certificates import make_certificate


def main() -> int:
    """Start what the command line says. Gives the process's exit status."""
    options = _parser().parse_args()
    try:
        entry = _resumed(options.name) if options.resume else _new(options)
        log = files.state_folder(entry.id) / "controller.log"
        engines = 0 if options.resume else _engines(options, entry)
        told = _start(entry, log, engines, options.resume)
    except (VivoError, OSError) as error:
        told = {"status": "failed", "message": str(error)}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if told["status"] == "ready" else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vivo.parallel.controller")
    parser.add_argument("--name", default="")
    parser.add_argument("--engines", type=int, help="how many to start")
    parser.add_argument("--python", default=sys.executable, help="the engines' interpreter")
    parser.add_argument("--cwd", default="")
    parser.add_argument("--launcher", default="local")
    parser.add_argument("--policy", default="ahead")
    parser.add_argument("--options", default="{}", help="what the launcher is told, in JSON")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--owner", type=int, default=0, help="the process that it ends with")
    parser.add_argument("--listen", default="", help="an address to serve by TCP on")
    parser.add_argument("--reach", default="", help="what engines connect to instead of it")
    parser.add_argument(
        "--encrypt", action=argparse.BooleanOptionalAction, help="by default beyond this host"
    )
    parser.add_argument("--restarts", action="store_true", help="restart engines that die")
    return parser


def _new(options: argparse.Namespace) -> files.ClusterEntry:
    identity = new_id()
    name = options.name or f"cluster-{identity[:6]}"
    files.check_name(name)
    known = files.find(name)
    if known is not None and files.is_live(known):
        raise SessionError(
            f"A cluster named {name} runs already: use it (`Cluster.connect({name!r})`), stop it "
            f"(`vivo cluster stop {name}`), or give this one another name."
        )
    cwd = options.cwd or str(Path.cwd())
    check_folder(cwd)
    state = files.state_folder(identity)
    listen, own = options.listen, "" if options.listen else _own_address(options, cwd)
    certificate = ""
    served = listen or own
    if served and files.wants_encryption(served, options.encrypt):
        certificate = str(state / "cluster.pem")
        make_certificate(state / "cluster.pem", name)
    clients, engines = files.addresses(name, listen, own, certificate)
    return files.ClusterEntry(
        id=identity,
        name=name,
        host="",
        boot="",
        pid=0,
        started=0.0,
        created=time.time(),
        clients=clients,
        engines=engines,
        key=os.urandom(32).hex(),
        launcher=options.launcher,
        policy=options.policy,
        options=json.loads(options.options),
        python=options.python,
        cwd=cwd,
        state=str(state),
        owner_pid=options.owner,
        owner_started=process_started(options.owner) or 0.0,
        restarts=options.restarts,
        reach=files.reached(options.reach, certificate),
    )


def _engines(options: argparse.Namespace, entry: files.ClusterEntry) -> int:
    """How many engines are to be started: as the launcher has it, or one a processor."""
    if options.engines is not None:
        return int(options.engines)
    from .naming import launcher_named

    launcher = launcher_named(entry.launcher, entry.cwd)
    if hasattr(launcher, "default_engines"):
        return int(launcher.default_engines(entry.options))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _own_address(options: argparse.Namespace, folder: str) -> str:
    """The address of this host that a launcher's engines need, if they need any."""
    from .naming import launcher_named

    launcher = launcher_named(options.launcher, folder)
    if not getattr(launcher, "needs_network", False):
        return ""
    return str(launcher.reachable_address())  # type: ignore[attr-defined]


def _resumed(name: str) -> files.ClusterEntry:
    known = files.find(name)
    if known is None:
        raise SessionError(
            f"There is no cluster {name}; `vivo cluster list` shows those there are."
        )
    if files.is_live(known):
        raise SessionError(
            f"The controller of the cluster {name} runs: there is nothing to resume."
        )
    if process_started(known.owner_pid) != known.owner_started:
        known.owner_pid = 0  # whoever resumes it wants it, though its starter is gone
    return known


def _start(entry: files.ClusterEntry, log: Path, engines: int, is_resumed: bool) -> dict[str, Any]:
    """Leave the controller running in a child; what it says of itself."""
    from .process import control  # before the fork: what it cannot load is said here

    read_end, write_end = os.pipe()
    if os.fork() == 0:
        os.close(read_end)
        os.setsid()
        _detach(log)
        os._exit(control(entry, engines, write_end, is_resumed=is_resumed))
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        line = stream.readline()
    if not line:
        return {"status": "failed", "message": f"the controller ended without a word; see {log}"}
    return {**json.loads(line), "file": str(files.path_of(entry.name)), "engines": engines}


def _detach(log: Path) -> None:
    """Leave the starter's terminal and folder."""
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = open_file(log, os.O_WRONLY | os.O_APPEND)
    for target, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, target)


if __name__ == "__main__":
    sys.exit(main())
