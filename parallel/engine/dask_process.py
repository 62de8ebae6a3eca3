"""``dask_process.py``: a Dask scheduler or worker of a cluster's own, in the engines' interpreter.

What it is to be comes on the standard input, in JSON; that it is there, and where, is one line on
the standard output. It logs to its standard error. SIGTERM ends it in order.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
from typing import Any


def _tell(told: "dict[str, Any]") -> None:
    os.write(1, json.dumps(told).encode() + b"\n")
    os.dup2(2, 1)


def security_of(folder: str) -> "Any":
    """Dask's security where both ends have the files of a folder; None without one."""
    if not folder:
        return None
    certificate, key = os.path.join(folder, "dask.pem"), os.path.join(folder, "dask.key")
    ends = {}
    for role in ("scheduler", "worker", "client"):
        ends[f"tls_{role}_cert"], ends[f"tls_{role}_key"] = certificate, key
    made = importlib.import_module("distributed").Security
    return made(tls_ca_file=certificate, require_encryption=True, **ends)


async def _scheduler(told: "dict[str, Any]") -> "Any":
    made = await importlib.import_module("distributed").Scheduler(
        security=security_of(told.get("tls", "")),
        protocol="tls" if told.get("tls") else "tcp",
        host=told["host"],
        port=told.get("port", 0),
        dashboard=told["dashboard"],
        dashboard_address=":0",
    )
    found = getattr(made, "http_server", None) if told["dashboard"] else None
    port = getattr(found, "port", None)
    link = f"http://{told['host']}:{port}/status" if port and "dashboard" in made.services else ""
    _tell({"address": made.address, "dashboard": link})
    return made


async def _worker(told: "dict[str, Any]") -> "Any":
    made = await importlib.import_module("distributed").Worker(
        told["scheduler"],
        security=security_of(told.get("tls", "")),
        name=told["name"],
        nthreads=told["threads"],
        memory_limit=told["memory_limit"],
        local_directory=told["folder"],
        dashboard=False,
    )
    _tell({"address": made.address})
    return made


async def _serve(told: "dict[str, Any]") -> None:
    made = await (_scheduler if told["role"] == "scheduler" else _worker)(told)
    loop = asyncio.get_running_loop()
    closing = []
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: closing.append(loop.create_task(made.close())))
    await made.finished()


def main() -> None:
    """Be what the standard input says, until that ends."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.realpath(sys.path[0] or ".") == os.path.realpath(here):
        sys.path[0] = ""  # the script's own folder is none of the user's
    told = json.loads(sys.stdin.read())
    try:
        asyncio.run(_serve(told))
    except ImportError as error:
        sys.exit(f"{error}")
    os._exit(0)  # whatever threads of the user's there are


if __name__ == "__main__":
    main()
