"""The script of an engine that a launcher starts itself, as a rank of MPI.

``launched.py ORDER``: the order is a JSON file that only the user can read, with the spec of a
session for each rank, and the command that starts the keeper, which is this process's. Rules:

1. This process is the engine: what launched it sees the user's code live and end.
2. The descriptors that the launcher has given (``PMI_FD``) stay as they are, and the keeper gets
   none of them.
3. Standard library only, and loaded before anything of the user's.
"""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any

_RANKS = ("VIVO_RANK", "PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


def rank() -> int:
    """Which rank this is, as the launcher tells it in the environment."""
    for name in _RANKS:
        if os.environ.get(name, "").isdecimal():
            return int(os.environ[name])
    sys.exit(f"vivo: none of {', '.join(_RANKS)} says which rank this is: what has started it?")


def start_keeper(order: "dict[str, Any]", session: "dict[str, Any]") -> "tuple[int, int, int, int]":
    """Start the keeper of a session with this process as its engine.

    Gives our ends: of the sockets for main and for the lane, and of the pipes for text and errors.
    """
    main, keepers_main = socket.socketpair()
    lane, keepers_lane = socket.socketpair()
    out, engine_out = os.pipe()
    error, engine_error = os.pipe()
    stack, engine_stack = os.pipe()
    told = {
        "pid": os.getpid(),
        "main": keepers_main.fileno(),
        "lane": keepers_lane.fileno(),
        "pipes": [[None, "stdout", out], [None, "stderr", error], [None, "stack", stack]],
        "stack": engine_stack,
        "is_new": True,
    }
    spec = {**session, "adopted": told, "one_use": True}
    path = os.path.join(os.path.dirname(spec["connection_file"]), "spec.json")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        json.dump(spec, stream)
    log = os.open(
        os.path.join(spec["journal"], "keeper.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
    )
    subprocess.run(
        [*order["keeper"], path],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(
            keepers_main.fileno(), keepers_lane.fileno(), out, error, stack, engine_stack,
        ),
        cwd="/",
        start_new_session=True,
        check=True,
    )  # fmt: skip
    for each in (out, error, stack, engine_stack, log):
        os.close(each)
    keepers_main.close()
    keepers_lane.close()
    return main.detach(), lane.detach(), engine_out, engine_error


def _go_on(number: int, frame: Any) -> None:
    """Nothing: the keeper tells of the death."""


def main() -> None:
    """Become the engine that the order has for this rank."""
    with open(sys.argv[1], encoding="utf-8") as stream:
        order = json.load(stream)
    session = order.get("session") or order["sessions"][rank()]
    if os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)  # an interrupt is for this process and its children
    # MPICH's mpiexec tells the other ranks of a death so, which would end them.
    signal.signal(signal.SIGUSR1, _go_on)
    os.chdir(session["cwd"])
    main_socket, lane_socket, out, error = start_keeper(order, session)
    for each in (1, 2):
        os.dup(each)  # Hydra takes a rank whose output is closed for one that ends
    os.dup2(out, 1)
    os.dup2(error, 2)
    os.close(out)
    os.close(error)
    sys.argv[1:] = [str(main_socket), str(lane_socket)]
    importlib.import_module("bootstrap").start()  # it is beside this script


if __name__ == "__main__":
    main()
