"""A proxy between two peers, which a test has pass on, hold back, forget, cut or refuse."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

_CHUNK = 2**16
Address = str
"""``tcp://HOST:PORT`` or ``ipc://PATH``."""


class _Pair:
    """A connection that was let in, and the one to the target."""

    def __init__(self, target: Address) -> None:
        self.target = target
        self.writers: list[asyncio.StreamWriter] = []
        self.is_forgotten = False
        self.is_one_way = False

    def close(self) -> None:
        for each in self.writers:
            each.transport.abort()  # as a cut does: nothing more is sent


class Proxy:
    """Carries bytes between whoever connects and a target, in a thread of its own.

    Its methods are for the test's thread, and return when they have taken effect.
    """

    def __init__(self, routes: Sequence[tuple[Address, Address]]) -> None:
        """``routes``: where it listens, and the target of each."""
        self._routes = routes
        self.address = ""
        """Where it listens, on a free port if it was told none."""
        self.target = ""
        """The target where none was told."""
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_refusing = False
        self._take: Callable[[bytes], None] = lambda data: None
        self._open = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop

    def target_of(self, route: int) -> Address:
        """The target of one of its routes."""
        return self._routes[route][1]

    def pass_on(self) -> None:
        """Carry all that comes, also what was held back."""

        def change() -> None:
            self._is_refusing = False
            self._open.set()

        self._do(change)

    def hold(self) -> None:
        """Carry nothing until :meth:`pass_on`, and say nothing of it: nothing is lost by this."""
        self._do(self._open.clear)

    def forget(self, target: Address | None = None) -> None:
        """Drop for ever what comes on the connections that there are, or on those to one target, as
        a firewall does that has forgotten them; new ones are let through."""

        def change() -> None:
            for each in self._pairs:
                each.is_forgotten |= target in (None, each.target)

        self._do(change)

    def lose_answers(self) -> None:
        """Drop for ever what the target says on the connections that there are."""

        def change() -> None:
            for each in self._pairs:
                each.is_one_way = True

        self._do(change)

    def listen(self, take: Callable[[bytes], None]) -> None:
        """Give what is carried to a function as well, from now on."""
        self._take = take

    def cut(self) -> None:
        """End the connections that there are, with what was on its way; new ones are let in."""

        def change() -> None:
            for each in self._pairs:
                each.close()

        self._do(change)

    def refuse(self) -> None:
        """End the connections that there are, and each new one, until :meth:`pass_on`."""

        def change() -> None:
            self._is_refusing = True
            for each in self._pairs:
                each.close()

        self._do(change)

    def _do(self, change: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(10)

    # --- In its thread ---------------------------------------------------------------------

    async def serve(self, ready: Callable[[Callable[[], None]], None]) -> None:
        """Serve until what ``ready`` is given is called."""
        self._loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._open.set()
        servers = [await self._listen(*each) for each in self._routes]

        def end() -> None:
            self._loop.call_soon_threadsafe(ended.set)

        ready(end)
        await ended.wait()
        for each in servers:
            each.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self, listen: Address, target: Address) -> asyncio.Server:
        came, (scheme, _, rest) = partial(self._came, target), listen.partition("://")
        if scheme == "ipc":
            self.address = listen
            return await asyncio.start_unix_server(came, rest)
        host, _, port = rest.rpartition(":")
        server = await asyncio.start_server(came, host, int(port))
        self.address = f"tcp://{host}:{server.sockets[0].getsockname()[1]}"
        return server

    async def _came(
        self, target: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        pair = _Pair(target)
        pair.writers.append(writer)
        self._pairs.add(pair)
        try:
            if not self._is_refusing:
                await self._carry(pair, target or self.target, reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # one of the two has ended, and so does the other; or all do
        finally:
            pair.close()
            self._pairs.discard(pair)
            self._tasks.discard(task)

    async def _carry(
        self,
        pair: _Pair,
        target: Address,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        scheme, _, rest = target.partition("://")
        if scheme == "ipc":
            their_reader, their_writer = await asyncio.open_unix_connection(rest)
        else:
            host, _, port = rest.rpartition(":")
            their_reader, their_writer = await asyncio.open_connection(host, int(port))
        pair.writers.append(their_writer)
        pumps = [
            asyncio.ensure_future(self._pump(pair, reader, their_writer, is_asking=True)),
            asyncio.ensure_future(self._pump(pair, their_reader, writer, is_asking=False)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in pumps:
                each.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self,
        pair: _Pair,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        is_asking: bool,
    ) -> None:
        while data := await source.read(_CHUNK):
            await self._open.wait()
            self._take(data)
            if not pair.is_forgotten and (is_asking or not pair.is_one_way):
                sink.write(data)
                await sink.drain()


@contextmanager
def proxies(routes: Sequence[tuple[Address, Address]]) -> Iterator[Proxy]:
    """A proxy on several routes, for as long as a ``with`` lasts."""
    made, ready = Proxy(routes), threading.Event()
    ends: list[Callable[[], None]] = []

    def began(end: Callable[[], None]) -> None:
        ends.append(end)
        ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(made.serve(began)), name="proxy")
    thread.start()
    assert ready.wait(10)
    try:
        yield made
    finally:
        ends[0]()
        thread.join()


@contextmanager
def proxy(target: Address = "") -> Iterator[Proxy]:
    """A proxy on a free port of this machine; its ``target`` may be named later."""
    with proxies([("tcp://127.0.0.1:0", target)]) as made:
        yield made
