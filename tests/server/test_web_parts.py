"""Parts of a browser's connection: what waits for it, and what one shares with the others."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from vivo.server.web import shared_bodies
from vivo.server.web.connection import MOST_WAITING, Outbox
from vivo.server.web.shared_bodies import SharedBodies


async def test_what_waits_comes_in_order_then_ends() -> None:
    """Each message once, also those that were written before somebody asked; then the end."""
    outbox = Outbox()
    outbox.write(b"one")
    outbox.write(b"two")
    assert [await outbox.next(), await outbox.next()] == [b"one", b"two"]
    waiting = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    outbox.write(b"three")
    assert await waiting == b"three"
    outbox.write(b"four")
    outbox.close()
    outbox.write(b"too late")
    assert [await outbox.next(), await outbox.next()] == [b"four", None]


async def test_a_browser_that_does_not_read_is_let_go_of() -> None:
    """It fills no memory: what waits for it is dropped, and it hears that it is behind."""
    outbox = Outbox()
    piece = b"x" * (MOST_WAITING // 4)
    for _ in range(4):
        outbox.write(piece)
    assert not outbox.is_over
    outbox.write(b"more")
    assert outbox.is_over
    assert await outbox.next() is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40))))
def test_what_is_shared_is_bounded(puts: list[tuple[int, int]]) -> None:
    """In number and in bytes, whatever is put there; the newest stays."""
    shared = SharedBodies()
    most, size = shared_bodies.MOST, shared_bodies.MOST_BYTES
    shared_bodies.MOST, shared_bodies.MOST_BYTES = 5, 100
    try:
        for number, length in puts:
            shared[number,] = b"x" * length
            shared.validate()
            assert (number,) in shared
    finally:
        shared_bodies.MOST, shared_bodies.MOST_BYTES = most, size
