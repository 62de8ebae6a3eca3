"""``python -m vivo.parallel.controller.launchers.settle ORDER``: keep a session inside a job.

What a batch system starts where a session is to be. The session serves by TCP at the address that
leads to the host it was asked for on, and what that host needs to reach it is left in a file of the
order's choice. Rules:

1. The order and what is left are files that only the user can read.
2. This process lasts as long as the session, also if another keeper takes it over; when the job is
   to end, so does the session, in order.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from ....core.errors import VivoError
from ...connection import make_tcp, read_connection
from ...directories import check_folder, write_private
from ...errors import SessionError
from ...interpreters import check_python
from ...keeper.spawn import KEEPER
from ...launch import SessionOptions, end_session, new_spec, start_keeper
from ...processes import boot_id
from ...watching import until_ended
from .slurm import source_address


def _spec(order: dict[str, Any]) -> dict[str, Any]:
    address = source_address(order["host"])
    is_loopback = address.startswith("127.") or address in ("", "::1")
    if is_loopback and order["boot"] != boot_id():
        raise SessionError(
            f"No address of this host leads to {order['host']}, where the session was asked for: "
            "say --listen and an address of that host that this one reaches."
        )
    spec = new_spec(SessionOptions(**order["session"]))
    spec["connection"] = msgspec.structs.asdict(make_tcp(address))
    return spec


async def settle(order: dict[str, Any]) -> None:
    """Keep the session until it ends. Raises :class:`SessionError` if it cannot be started."""
    options = order["session"]
    check_folder(options["cwd"])
    check_python(options["python"], options["cwd"])
    entry = await start_keeper(_spec(order), KEEPER)
    connection = read_connection(entry.connection_file)
    told = {
        "entry": msgspec.to_builtins(entry),
        "connection": msgspec.structs.asdict(connection),
    }
    await asyncio.to_thread(write_private, Path(order["answer"]), json.dumps(told).encode())
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    until_told = asyncio.ensure_future(ending.wait())
    ended = asyncio.ensure_future(until_ended(entry))
    try:
        await asyncio.wait({ended, until_told}, return_when=asyncio.FIRST_COMPLETED)
        if ending.is_set():
            await end_session(entry.id)
    finally:
        until_told.cancel()
        ended.cancel()


def main() -> None:
    """Keep the session that the order names."""
    order = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    try:
        asyncio.run(settle(order))
    except (VivoError, OSError) as error:
        sys.exit(f"vivo: {error}")
    finally:
        Path(order["answer"]).unlink(missing_ok=True)  # so that others know that it has ended


if __name__ == "__main__":
    main()
