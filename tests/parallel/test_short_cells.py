"""The wait for a cell that ends at once."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from vivo.parallel.keeper.sockets import comes_soon

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A keeper's end, which does not block, and its engine's."""
    ends = socket.socketpair()
    ends[0].setblocking(False)
    yield ends
    for each in ends:
        each.close()


def test_what_is_not_there_is_waited_for_no_longer(pair: Pair) -> None:
    """A cell may take hours: the keeper goes on."""
    assert not comes_soon(pair[0])


def test_what_comes_is_left_to_be_read(pair: Pair) -> None:
    """Looking at it takes nothing away."""
    pair[1].send(b"done")
    assert comes_soon(pair[0])
    assert pair[0].recv(100) == b"done"


def test_an_engine_that_has_ended_is_no_wait(pair: Pair) -> None:
    """Its end is there to be read; a socket that the keeper has closed tells nothing."""
    pair[1].close()
    assert comes_soon(pair[0])
    pair[0].close()
    assert not comes_soon(pair[0])
