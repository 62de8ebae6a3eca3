"""A peer that gives no sign of life, and a client that was not there to see one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from vivo.parallel.cluster.link import SILENCE, Link


class Silent:
    """A transport that nothing comes by."""

    heard = 0.0
    probes = 0
    is_closed = False

    async def open(self, receive: Any, closed: Any) -> None:
        """Nothing."""

    def send(self, frames: Sequence[Any]) -> None:
        """Nothing."""

    def probe(self) -> None:
        self.probes += 1

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("was_stopped", [True, False])
async def test_time_in_which_the_client_was_stopped_does_not_count(*, was_stopped: bool) -> None:
    """The peer is asked once more; else it is taken for lost."""
    link = Link("The peer", b"key", {"shell": ("ipc:///nowhere", "DEALER")})
    asked = asyncio.ensure_future(link.ask("shell", "vivo_session_request", {}))
    await asyncio.sleep(0)
    channel, transport = link._channels["shell"], Silent()
    assert channel.opening is not None
    channel.opening.cancel()
    now = asyncio.get_running_loop().time()
    channel.transport, channel.probed = transport, now - 2 * SILENCE
    link._look_due = now - (2 * SILENCE if was_stopped else 0)
    link._look()
    assert (transport.probes, transport.is_closed) == ((1, False) if was_stopped else (0, True))
    link.close()
    assert isinstance(
        await asyncio.wait_for(asyncio.gather(asked, return_exceptions=True), 5), list
    )
