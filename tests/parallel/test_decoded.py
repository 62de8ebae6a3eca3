"""Messages that another client of this process has read already: pure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.decoded import MOST_MESSAGES, DecodedMessages
from vivo.parallel.errors import WireError
from vivo.parallel.wire import Codec

KEY = b"k" * 32


@pytest.fixture(autouse=True)
def shared() -> Iterator[DecodedMessages]:
    """What all codecs of this process share."""
    Codec.shared = DecodedMessages()
    yield Codec.shared
    Codec.shared = None


def test_the_second_client_gets_what_the_first_has_read(shared: DecodedMessages) -> None:
    """The same message, once: not decoded again."""
    frames = Codec(KEY).encode("stream", {"text": "x"}, identities=[b"topic"])
    first, second = Codec(KEY).decode(list(frames)), Codec(KEY).decode(list(frames))
    assert first is second
    shared.validate()


def test_each_client_takes_a_message_once() -> None:
    """What is shared is the reading, not what each has seen."""
    frames = Codec(KEY).encode("stream", {"text": "x"})
    one, other = Codec(KEY), Codec(KEY)
    one.decode(frames)
    other.decode(frames)
    with pytest.raises(WireError, match="replay"):
        one.decode(frames)


@given(at=st.integers(2, 5), byte=st.integers(0, 255))
def test_nothing_else_passes_for_what_was_checked(at: int, byte: int) -> None:
    """The signature of a message that was right makes no other one right."""
    frames = Codec(KEY).encode("stream", {"text": "x"}, buffers=[b"data"])
    Codec(KEY).decode(list(frames))
    altered = list(frames)
    altered[at] = altered[at][:-1] + bytes([byte]) + altered[at][-1:]
    with pytest.raises(WireError, match="signature is wrong"):
        Codec(KEY).decode(altered)
    buffers = [*frames[:-1], b"other"]
    with pytest.raises(WireError, match="buffers"):
        Codec(KEY).decode(buffers)


def test_another_key_shares_nothing() -> None:
    """Who has another key, or none, has read nothing for this one."""
    frames = Codec(KEY).encode("stream", {"text": "x"})
    Codec(KEY).decode(list(frames))
    with pytest.raises(WireError, match="signature is wrong"):
        Codec(b"other").decode(list(frames))
    unsigned = Codec(b"").encode("stream", {"text": "x"})
    Codec(b"").decode(list(unsigned))
    with pytest.raises(WireError, match="signature is wrong"):
        Codec(KEY).decode(list(unsigned))


def test_it_is_bounded(shared: DecodedMessages) -> None:
    """However much comes, the oldest make room."""
    sender, reader = Codec(KEY), Codec(KEY)
    for _ in range(MOST_MESSAGES + 10):
        reader.decode(sender.encode("stream", {"text": "x"}))
    shared.validate()
    for _ in range(40):
        reader.decode(sender.encode("stream", {"text": "x" * 2**20}))
    shared.validate()
