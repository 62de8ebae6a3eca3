"""Asking a controller by the library that it uses itself: one question, one answer."""

from __future__ import annotations

from typing import Any

import zmq
from vivo.parallel.controller.files import ClusterEntry, inside_of
from vivo.parallel.errors import SessionError
from vivo.parallel.wire import Codec

_SECONDS = 10.0


class Asker:
    """A client of a controller, for as long as a ``with`` lasts."""

    def __init__(self, entry: ClusterEntry) -> None:
        self._name = entry.name
        self._codec = Codec(entry.key.encode())
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        address = entry.clients
        if address.startswith("tls://"):
            address = f"ipc://{inside_of(entry.name, 'c')}"
        self._socket.connect(address)

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()
        self._context.term()

    def ask(self, kind: str, content: Any | None = None) -> dict[str, Any]:
        """The content of the answer. Raises :class:`SessionError` without one, or with an error."""
        self._socket.send_multipart(self._codec.encode(kind, content or {}))
        wanted = kind.removesuffix("_request") + "_reply"
        while self._socket.poll(int(_SECONDS * 1000)):
            reply = self._codec.decode(self._socket.recv_multipart())
            if reply.type == wanted:
                if reply.content["status"] != "ok":
                    raise SessionError(str(reply.content["evalue"]))
                return reply.content
        raise SessionError(
            f"The controller of the cluster {self._name} has not answered for {_SECONDS:.0f} s: "
            "its log is in its state folder (`vivo cluster list --json`)."
        )
