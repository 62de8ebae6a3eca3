"""Whether what is typed is a whole cell: asked of the session while a key waits.

An asynchronous answer would let later keys overtake Enter. So this is a blocking request on a
socket of its own, with a short deadline; the transformer of this process answers where the
session does not (it is being restarted, or C code holds its interpreter).
"""

from __future__ import annotations

import zmq

from ...parallel.connection import ConnectionInfo
from ...parallel.errors import WireError
from ...parallel.wire import Codec
from ..consoles import judged_here

_DEADLINE = 150  # milliseconds; beyond it a key feels lost


class Completeness:
    """Answers for one session; see the module."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._connection: ConnectionInfo | None = None
        self._codec = Codec(b"")

    def ask(self, source: str, connection: ConnectionInfo | None) -> tuple[str, str]:
        """``complete``, ``incomplete`` or ``invalid``, and the next line's indentation."""
        answer = self._asked(source, connection) if connection is not None else None
        return answer or judged_here(source)

    def _asked(self, source: str, connection: ConnectionInfo) -> tuple[str, str] | None:
        if self._socket is None or connection != self._connection:
            self._open(connection)
        assert self._socket is not None
        message_id = self._codec.new_id()
        frames = self._codec.encode("is_complete_request", {"code": source}, message_id=message_id)
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
            while self._socket.poll(_DEADLINE):
                reply = self._codec.decode(self._socket.recv_multipart(zmq.NOBLOCK))
                if reply.parent_id == message_id and "status" in reply.content:
                    status = str(reply.content["status"])
                    known = status in ("complete", "incomplete", "invalid")
                    return (status, str(reply.content.get("indent", ""))) if known else None
        except (zmq.ZMQError, WireError):
            pass  # the session is away: this process answers
        return None

    def _open(self, connection: ConnectionInfo) -> None:
        self._let_go()
        self._connection = connection
        self._codec = Codec(connection.key.encode())
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.setsockopt(zmq.IDENTITY, self._codec.session.encode())
        self._socket.connect(connection.address("shell"))

    def _let_go(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def close(self) -> None:
        """Let go of the socket."""
        self._let_go()
        self._context.term()
