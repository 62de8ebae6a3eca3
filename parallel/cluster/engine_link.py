"""One engine's session as its client has it: calls, cells, and what is asked beside them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from .calls import Call, Calls
from .errors import ClusterError, EngineLostError
from .executions import Cell, Executions
from .link import Link, Request
from .relaying import Relays
from .signing import Message
from .transport import transport_to
from .zmtp import SocketType

_CONTROLS = ("vivo_", "debug", "interrupt", "shutdown")
_UNKNOWN = ("idle", "mismatch")  # what an engine answers that does not have the work
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PAUSE = 0.05  # seconds before it is asked again
_SOCKETS: dict[str, SocketType] = {
    "shell": "DEALER",
    "control": "DEALER",
    "stdin": "DEALER",
    "iopub": "SUB",
}


class EngineLink:
    """The link to one engine. Methods are for the event loop, unless they say otherwise."""

    def __init__(
        self,
        connection: dict[str, Any],
        *,
        number: int = 0,
        session: str = "",
        host: str = "",
        relays: Relays | None = None,
    ) -> None:
        """``connection`` is the session's connection file, key included; ``session`` its id and
        ``host`` where it is, if that is known. It is reached through ``relays``, where there are.
        """
        self.number = number
        self.session, self.host = session, host
        self.is_direct = relays is None
        self.dask: Callable[[], dict[str, Any]] | None = None
        """Asks what the cluster tells of Dask."""
        addresses = {
            channel: (_address(connection, channel) if relays is None else channel, kind)
            for channel, kind in _SOCKETS.items()
        }
        self.link = Link(
            f"Engine {number}",
            connection["key"].encode(),
            addresses,
            on_message=self._message,
            on_open=self._opened,
            waits=lambda: bool(self.executions.pending),
            connect=transport_to if relays is None else partial(relays.to, session),
        )
        is_near = connection["transport"] == "ipc" or host == socket.gethostname()
        is_here = bool(session) and self.is_direct and is_near
        self.calls = Calls(self.link, number, session, is_here=is_here)
        self.executions = Executions(self.link, number)
        self.link.lost = self._lost  # type: ignore[method-assign]

    def _message(self, channel: str, message: Message) -> None:
        if channel == "iopub":
            self.executions.event(message)
        elif channel == "stdin":
            self.executions.question(message)

    def _opened(self, channel: str) -> None:
        if channel == "iopub":
            self.link.send_raw("iopub", [b"\x01"])

    def _lost(self, error: EngineLostError) -> None:
        self.executions.lost(error)

    def call(self, call: Call) -> None:
        """Send a call that :meth:`Calls.prepare` has made ready."""
        self.calls.send(call)

    def new_cell(self, code: str, **more: Any) -> Cell:
        """A cell to be sent with :meth:`execute`; for any thread."""
        return Cell(code, self.link.signer.new_id(), **more)

    def execute(self, cell: Cell) -> None:
        """Send a cell."""
        self.executions.send(cell)

    async def ask(
        self, name: str, content: dict[str, Any] | None = None, *, timeout: float = 20.0
    ) -> dict[str, Any]:
        """The content of a reply of the session: ``complete``, ``inspect``, ``vivo_variables``,
        ``debug`` …

        Raises :class:`ClusterError`.
        """
        channel = "control" if name.startswith(_CONTROLS) else "shell"
        reply = await self.link.ask(channel, f"{name}_request", content or {}, timeout=timeout)
        return reply.content

    async def interrupt(self, run: str | None = None) -> str:
        """Interrupt a call or a cell, or what runs: the outcome by name."""
        content = {} if run is None else {"run": run}
        return str((await self.ask("vivo_interrupt", content))["outcome"])

    def interrupt_soon(self, work: Call | Cell) -> None:
        """Interrupt a call or a cell; that it ends is seen by its end.

        It is asked for on another channel than the work was: an engine that does not know the work
        has not got it yet, and is asked again.
        """

        if isinstance(work, Call):
            work.is_cancelled = True

        def told(answer: Message | ClusterError) -> None:
            outcome = answer.content.get("outcome") if isinstance(answer, Message) else None
            if outcome in _UNKNOWN and not work.done.done():
                asyncio.get_running_loop().call_later(_PAUSE, ask)

        def ask() -> None:
            if not work.done.done():
                content = {"run": work.id}
                self.link.request(Request("control", "vivo_interrupt_request", content, told))

        ask()

    def close(self) -> None:
        """Let go of the engine, which goes on."""
        self.executions.close()
        self.link.close()


def is_reached(connection: dict[str, Any], host: str) -> bool:
    """Whether this process can connect to an engine's own sockets."""
    is_local = connection["transport"] == "ipc" or connection["ip"] in _LOOPBACK
    return not is_local or host in ("", socket.gethostname())


def _address(connection: dict[str, Any], channel: str) -> str:
    port = connection[f"{channel}_port"]
    if connection["transport"] == "ipc":
        return f"ipc://{connection['ip']}-{port}"
    if connection["transport"] != "tcp":
        raise ClusterError(
            f"An engine is reached by {connection['transport']!r}, which is unknown."
        )
    return f"tcp://{connection['ip']}:{port}"
