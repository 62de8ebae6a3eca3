"""Serving on stdin and stdout: a thread reads, the loop does all the rest.

Rules:

1. The client's stream is nobody else's: what this process or its children print goes to standard
   error, and their standard input is empty.
2. Reading never waits for a handler, nor a handler for reading; a client that sends faster than it
   is served is held back, and what has come in the meantime is bounded.
3. A handler begins before the next message is taken: it sees the text that its request was about.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from ..message_stream import MessageStream

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
_CHUNK = 2**18
_CHUNKS_AHEAD = 16


class _Output:
    """Writes whole messages to a file descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.is_broken = False

    def write(self, data: bytes) -> None:
        """Write all of it; once the client is gone, nothing."""
        left = memoryview(data)
        try:
            while left and not self.is_broken:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            self.is_broken = True

    def close(self) -> None:
        """Nothing more is written."""
        self.is_broken = True


class _Input:
    """Reads a file descriptor in a thread, for an event loop."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._room = threading.Semaphore(_CHUNKS_AHEAD)
        threading.Thread(target=self._read, name="vivo-stdin", daemon=True).start()

    def _read(self) -> None:
        data = b"-"
        while data:
            self._room.acquire()
            try:
                data = os.read(self._descriptor, _CHUNK)
            except OSError:
                data = b""
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._chunks.put_nowait, data)

    async def next(self) -> bytes:
        """What has come; empty at the end."""
        data = await self._chunks.get()
        self._room.release()
        return data


async def _serve(server: VivoServer, source: int, target: int) -> int:
    protocol, stream, output = server.dispatching, MessageStream(), _Output(target)
    protocol.set_writer(output)
    reader = _Input(source)
    while data := await reader.next():
        for body in stream.feed(data):
            protocol.take(stream, body)
            if isinstance(body, bytes):
                server.trimming.after(len(body))
            if protocol.exit_status is not None:
                return protocol.exit_status
            await asyncio.sleep(0)  # rule 3
        if output.is_broken:
            break
    if not protocol.is_closing:
        await server.debugging.close()
        await server.sessions.close()
        server.written_runs.close()
    return 0


def serve(server: VivoServer) -> int:
    """Serve until the client says ``exit`` or is gone; the exit status of the process."""
    source, target = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        return asyncio.run(_serve(server, source, target))
    finally:
        server.shutdown()  # type: ignore[no-untyped-call]
