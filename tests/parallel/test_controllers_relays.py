"""What a controller carries between clients and engines, and what it says itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from vivo.parallel.controller.relaying import Relays
from vivo.parallel.errors import WireError
from vivo.parallel.relays import CLOSED, MESSAGE, PROBE, Envelope

ENGINE, CLIENT, ROUTE = b"engine", b"client", b"route"


class Sent:
    """What has gone to one side."""

    def __init__(self, *, arrives: bool = True) -> None:
        self.frames: list[list[Any]] = []
        self._arrives = arrives

    def __call__(self, frames: Sequence[Any]) -> bool:
        self.frames.append(list(frames))
        return self._arrives


def relays(*, lives: bool, arrives: bool = True) -> tuple[Relays, Sent, Sent]:
    client, engine = Sent(), Sent(arrives=arrives)
    made = Relays(client, engine, {ENGINE.decode(): ROUTE}, lambda engine: lives)
    made.authenticated(CLIENT)
    return made, client, engine


@pytest.mark.parametrize("lives", [True, False])
def test_a_sign_of_life_is_given_at_once_and_asked_for_all_the_same(*, lives: bool) -> None:
    """Only the engine's keeper knows whether it has this client's channel."""
    made, client, engine = relays(lives=lives)
    made.from_client(CLIENT, Envelope(ENGINE, b"shell", PROBE).parts())
    given = [[CLIENT, *Envelope(ENGINE, b"shell", PROBE).parts()]]
    assert client.frames == (given if lives else [])
    assert engine.frames == [[ROUTE, *Envelope(CLIENT, b"shell", PROBE).parts()]]


def test_who_waits_for_an_engine_that_is_not_connected_is_told() -> None:
    """Instead of having it carried."""
    made, client, _ = relays(lives=False, arrives=False)
    made.from_client(CLIENT, Envelope(ENGINE, b"shell", MESSAGE, [b"x"]).parts())
    (told,) = client.frames
    assert told[:5] == [CLIENT, *Envelope(ENGINE, b"shell", CLOSED).parts()]


def test_nothing_is_carried_for_strangers() -> None:
    """Neither a client nor an engine that has not said who it is."""
    made, client, engine = relays(lives=True)
    with pytest.raises(WireError, match="client that is not known"):
        made.from_client(b"stranger", Envelope(ENGINE, b"shell", PROBE).parts())
    with pytest.raises(WireError, match="engine that is not known"):
        made.from_engine(b"stranger", Envelope(CLIENT, b"shell", MESSAGE, [b"x"]).parts())
    assert client.frames == engine.frames == []
