"""``python -m vivo.parallel.controller.launchers.enlist ORDER``: become an engine, on any host.

What a batch system or ssh starts, by vivo's own interpreter. It makes the session here, where its
sockets and its journal are to be, and then becomes the engine's interpreter. Rules:

1. The order is a file that only the user can read, or comes on the standard input (``-``): no key
   is on a command line.
2. The process stays the one that was started: the system that started it sees the user's code live
   and end, and what it has given (``PMI_FD``) is still there.
3. Each start is another session, also that of a job that was put back and begins again.
4. A controller that this host cannot reach is said here, and nothing waits for it.
5. The cluster's certificate comes with the order, into the session's own folder: this host need not
   share files with the controller's.
6. ``--guest WHAT PYTHON CWD`` says instead, in a line of JSON, what a process becomes the engine by
   that has started already, as WHAT, and stays what it was (:mod:`...engine.guest`).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ....core.errors import VivoError
from ... import tls
from ...directories import check_folder, write_private
from ...engine.launched import rank
from ...errors import SessionError
from ...interpreters import check_python
from ...keeper.books import CERTIFICATE
from ...keeper.spawn import KEEPER
from ...launch import SessionOptions, new_spec
from ...processes import boot_id
from ..files import is_loopback

_SCRIPT = Path(__file__).resolve().parents[2] / "engine" / "launched.py"


def session_of(order: dict[str, Any], place: int, python: str, folder: str) -> dict[str, Any]:
    """The spec of the engine that stands at a place of an order, its folders made.

    Raises :class:`SessionError` if it cannot be one here.
    """
    numbers = order["numbers"]
    if place >= len(numbers):
        raise SessionError(
            f"This is process {place} of an order of {len(numbers)} engines: start as many "
            "processes as it asks for."
        )
    address: str = order["controller"]
    host = address.partition("://")[2].partition("#")[0].rpartition(":")[0].strip("[]")
    if (is_loopback(host) or address.startswith("ipc://")) and order["boot"] != boot_id():
        raise SessionError(
            f"The controller serves {address}, which no other host reaches: start the cluster with "
            "listen= and an address of its host that this one can reach."
        )
    name = f"{order['cluster']} {numbers[place]}"
    spec = new_spec(SessionOptions(python=python, cwd=folder, name=name))
    spec["connection"]["key"] = order["key"]
    if certificate := order.get("certificate"):
        kept = Path(spec["connection_file"]).with_name(CERTIFICATE)
        write_private(kept, certificate.encode())
        address = tls.joined(*tls.split(address)[:2], str(kept))
    spec["controller"] = {"address": address, "number": numbers[place]}
    spec["launched"] = order["launched"].format(rank=place, count=len(numbers))
    spec["rank"] = place
    return spec


def engine_command(order: dict[str, Any], place: int) -> list[str]:
    """The command of the engine that stands at a place of an order, its files made.

    Raises :class:`SessionError` if it cannot be one here.
    """
    python, folder = order["python"], order["cwd"]
    check_folder(folder)
    check_python(python, folder)
    spec = session_of(order, place, python, folder)
    path = Path(spec["connection_file"]).with_name("order.json")
    write_private(path, json.dumps({"session": spec, "keeper": KEEPER}).encode())
    return [python, "-u", str(_SCRIPT), str(path)]


def main() -> None:
    """Become the engine that the order has for this process."""
    text = sys.stdin.read() if sys.argv[1] == "-" else Path(sys.argv[1]).read_text("utf-8")
    try:
        if sys.argv[2:3] == ["--guest"]:
            what, python, folder = sys.argv[3:]
            spec = {**session_of(json.loads(text), 0, python, folder), "guest": what}
            sys.stdout.write(json.dumps({"session": spec, "keeper": KEEPER}) + "\n")
            return
        command = engine_command(json.loads(text), rank())
        os.execv(command[0], command)
    except (VivoError, OSError) as error:
        sys.exit(f"vivo: {error}")


if __name__ == "__main__":
    main()
