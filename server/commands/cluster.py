"""``vivo cluster``: start one, list them, see what one does, add engines, resume it, stop it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from ...parallel.cluster.cluster import Cluster
from ...parallel.cluster.places import all_entries, has_ended
from ...parallel.directories import in_full
from ...parallel.errors import SessionError
from ..interpreters import choose_interpreter
from .options import launcher_option
from .sessions import age


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    start = actions.add_parser("start", help="start one, which goes on until it is stopped")
    start.add_argument(
        "-n", type=_count, help="engines; by default one a processor, or as the hosts say"
    )
    start.add_argument("--name", metavar="NAME", default="", help="by default, one that is free")
    start.add_argument(
        "--python", metavar="PATH", help="the engines' interpreter, as for a session"
    )
    start.add_argument("--cwd", metavar="DIR", help="where the engines start; by default, here")
    start.add_argument(
        "--launcher",
        metavar="NAME",
        default="local",
        help="local, mpi, slurm, ssh, dask, pbs, sge, lsf, or your own MODULE:CLASS",
    )
    start.add_argument(
        "--listen", metavar="ADDRESS", default="", help="of this host, for engines of other hosts"
    )
    start.add_argument(
        "--reach",
        metavar="ADDRESS",
        default="",
        help="what they connect to instead: tcp://HOST:PORT",
    )
    start.add_argument("--policy", metavar="NAME", default="", help="your own MODULE:CLASS")
    start.add_argument(
        "--option",
        metavar="KEY=VALUE",
        type=launcher_option,
        action="append",
        default=[],
        help="tell the launcher something; may be repeated",
    )
    start.add_argument(
        "--encrypt",
        action=argparse.BooleanOptionalAction,
        help="encrypt what goes by TCP; by default, unless --listen is this host's own address",
    )
    start.add_argument("--restarts", action="store_true", help="restart engines that die")
    start.add_argument(
        "--no-wait",
        action="store_true",
        help="leave the engines to come by themselves",
    )
    listing = actions.add_parser("list", help="list them (the default)")
    for each in (parser, listing):
        each.add_argument("--json", action="store_true", help="for programs")
    status = actions.add_parser("status", help="its engines, queue, rates, memory, failures")
    status.add_argument("--watch", action="store_true", help="go on showing them, until Ctrl-C")
    status.add_argument("--json", action="store_true", help="for programs")
    scale = actions.add_parser("add", help="start more engines")
    scale.add_argument("-n", type=_count, default=1, help="how many")
    template = actions.add_parser("template", help="print the batch script of a system, to edit it")
    template.add_argument("system", choices=("slurm", "pbs", "sge", "lsf"))
    resume = actions.add_parser("resume", help="take one up again whose controller has ended")
    stop = actions.add_parser("stop", help="end its engines and its controller")
    for each in (status, scale, resume, stop):
        each.add_argument("name", nargs="?", metavar="NAME", help="not needed where there is one")


def _count(text: str) -> int:
    """A number of engines. Raises :class:`argparse.ArgumentTypeError`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of engines: give 1 or more")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    actions = {
        "start": _start,
        "status": _status,
        "add": _add,
        "resume": _resume,
        "template": _template,
        "stop": _stop,
    }
    return actions.get(options.action, _list)(options)


def _start(options: argparse.Namespace) -> int:
    folder = str(in_full(Path(options.cwd or "").expanduser()))
    python = choose_interpreter(Path(folder, "session"), options.python)
    cluster = Cluster(
        options.launcher,
        n=options.n,
        name=options.name,
        python=python,
        cwd=folder,
        restarts=options.restarts,
        policy=options.policy,
        listen=options.listen,
        reach=options.reach,
        encrypt=options.encrypt,
        wait=not options.no_wait,
        **dict(options.option),
    )
    cluster.detach()
    cluster.close()
    print(cluster.name)
    if sys.stdout.isatty():
        name = cluster.name
        print(f"Cluster.connect({name!r}) in Python uses it; `vivo cluster stop {name}` ends it.")
    return 0


def _list(options: argparse.Namespace) -> int:
    entries = all_entries()
    if options.json:
        told = [{**each, "live": has_ended(each) is None, "key": None} for each in entries]
        print(json.dumps(told, indent=1))
        return 0
    if not entries:
        print("There are no clusters: `vivo cluster start -n 4` starts one.")
    for entry in entries:
        is_live = has_ended(entry) is None
        state = "runs" if is_live else "its controller has ended: `vivo cluster resume`"
        print(
            f"{entry['name']}  {entry['launcher']}  {age(time.time() - entry['created'])}  {state}"
        )
    return 0


def _status(options: argparse.Namespace) -> int:
    from ..cluster_watch import lines, watch

    with Cluster.connect(options.name) as cluster:
        if options.watch:
            return watch(cluster.status)
        told = cluster.status()
    print(json.dumps(told, indent=1) if options.json else "\n".join(lines(told)))
    return 0


def _add(options: argparse.Namespace) -> int:
    with Cluster.connect(options.name) as cluster:
        numbers = cluster.add(options.n)
    print(f"started engine{'s' if len(numbers) > 1 else ''}", ", ".join(map(str, numbers)))
    return 0


def _template(options: argparse.Namespace) -> int:
    from ...parallel.controller.launchers.templating import own_template, template_of

    sys.stdout.write(template_of(options.system))
    if sys.stdout.isatty():
        print(f"An edited one counts from then on in {own_template(options.system)}.")
    return 0


def _resume(options: argparse.Namespace) -> int:
    ended = [entry["name"] for entry in all_entries() if has_ended(entry) is not None]
    if options.name is None and len(ended) != 1:
        raise SessionError(f"Name the cluster to resume: {', '.join(ended) or 'there is none'}.")
    cluster = Cluster.resume(options.name or ended[0])
    cluster.close()
    print("resumed", cluster.name)
    return 0


def _stop(options: argparse.Namespace) -> int:
    cluster = Cluster.connect(options.name)
    cluster.stop()
    print(f"stopped {cluster.name}")
    return 0
