"""A link between a client and its session that a test can cut, stall and mend."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from vivo.parallel.connection import CHANNELS, ConnectionInfo, read_connection

_CHUNK = 2**14


class Link:
    """Passes on what comes, on five sockets of its own, to a session's Unix sockets."""

    def __init__(self, session: ConnectionInfo, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self.connection = session
        """What a client connects with."""
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_cut = False
        self.delay = 0.0
        """Seconds that each piece takes: a slow link."""
        self.accepted = 0

    async def open(self, transport: str) -> None:
        """Listen, by ``tcp`` or ``ipc``."""
        ports = {}
        base = str(self._folder / "link")
        for number, channel in enumerate(CHANNELS, 1):
            target = self._session.address(channel).removeprefix("ipc://")

            async def serve(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str = target
            ) -> None:
                await self._serve(reader, writer, target)

            if transport == "tcp":
                server = await asyncio.start_server(serve, "127.0.0.1", 0)
                ports[f"{channel}_port"] = server.sockets[0].getsockname()[1]
            else:
                server = await asyncio.start_unix_server(serve, f"{base}-{number}")
                ports[f"{channel}_port"] = number
            self._servers.append(server)
        ip = "127.0.0.1" if transport == "tcp" else base
        self.connection = ConnectionInfo(transport, ip, key=self._session.key, **ports)

    def write(self, path: Path) -> Path:
        """Write a connection file for a client in another process."""
        self.connection.write(path)
        return path

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str
    ) -> None:
        self.accepted += 1
        if self._is_cut:
            writer.transport.abort()
            return
        inner_reader, inner_writer = await asyncio.open_unix_connection(target)
        both = {writer, inner_writer}
        self._writers |= both
        ways = [
            asyncio.create_task(self._pass_on(reader, inner_writer)),
            asyncio.create_task(self._pass_on(inner_reader, writer)),
        ]
        self._tasks |= set(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for task in ways:
            task.cancel()
        for each in both:
            each.transport.abort()
        self._writers -= both
        self._tasks -= set(ways)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(_CHUNK):
                await self._flows.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()

    def cut(self) -> None:
        """Break every connection, and let none come about."""
        self._is_cut = True
        for each in tuple(self._writers):
            each.transport.abort()

    def stall(self) -> None:
        """Pass nothing on, and say nothing: a link that is half open."""
        self._flows.clear()

    def mend(self) -> None:
        """Let connections come about, and pass on again."""
        self._is_cut = False
        self._flows.set()

    async def close(self) -> None:
        """End all."""
        self.cut()
        self._flows.set()
        for server in self._servers:
            server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        for path in self._folder.glob("link-*"):
            path.unlink()


@contextlib.asynccontextmanager
async def linked(connection_file: str, folder: Path, transport: str) -> AsyncIterator[Link]:
    """A link to the session of a connection file."""
    made = Link(read_connection(connection_file), folder)
    await made.open(transport)
    try:
        yield made
    finally:
        await made.close()
