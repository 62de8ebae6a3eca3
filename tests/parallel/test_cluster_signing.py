"""Signed messages of the two sides: each reads the other's, and refuses what was tampered with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.cluster.errors import WireError
from vivo.parallel.cluster.signing import Signer
from vivo.parallel.wire import Codec

KEY = b"a key"
texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
contents = st.dictionaries(texts, values, max_size=4)
buffers = st.lists(st.binary(max_size=50), max_size=4)


@given(contents, buffers)
def test_the_keeper_reads_what_the_client_says(
    content: dict[str, Any], buffers: list[bytes]
) -> None:
    """Content and buffers, whatever is in them."""
    frames = Signer(KEY).encode("a_request", content, buffers=buffers, metadata={"vivo": {"a": 1}})
    message = Codec(KEY, is_asked=True).decode([bytes(frame) for frame in frames])
    assert (message.content, message.buffers, message.type) == (content, buffers, "a_request")
    assert message.vivo == {"a": 1}


@given(contents, buffers)
def test_the_client_reads_what_the_keeper_says(
    content: dict[str, Any], buffers: list[bytes]
) -> None:
    """Also with a topic before it, as published messages have."""
    codec = Codec(KEY)
    frames = codec.encode("a_reply", content, buffers=buffers, parent=b'{"msg_id":"m"}')
    message = Signer(KEY).decode([b"a topic", *frames])
    assert (message.content, message.buffers, message.parent_id) == (content, buffers, "m")


def test_any_altered_part_is_refused() -> None:
    """Each byte of the message counts, and so does each buffer's place."""
    frames = Codec(KEY).encode("a_reply", {"a": 1}, buffers=[b"one", b"two"])
    altered = [[*frames[:i], frames[i] + b" ", *frames[i + 1 :]] for i in range(1, len(frames))]
    altered += [frames[:-1], [*frames, b""], [*frames[:-2], frames[-1], frames[-2]], frames[:4]]
    altered += [[*frames[:-2], b"onet", b"wo"]]
    for each in altered:
        with pytest.raises(WireError):
            Signer(KEY).decode(each)
    Signer(KEY).decode(frames)


def test_what_came_before_is_refused_and_what_is_ones_own() -> None:
    """Both have a right signature."""
    signer = Signer(KEY)
    frames = Codec(KEY).encode("a_reply", {})
    signer.decode(frames)
    with pytest.raises(WireError, match="replay"):
        signer.decode(frames)
    with pytest.raises(WireError, match="own"):
        signer.decode(signer.encode("a_request", {}))


def test_what_json_cannot_say_does_not_stop_a_message() -> None:
    """Half a surrogate pair, as undecodable output has it, and an object."""
    frames = Signer(KEY).encode("a_request", {"text": "\udc80", "object": ...})
    message = Codec(KEY).decode([bytes(frame) for frame in frames])
    assert message.content == {"text": "?", "object": "Ellipsis"}


def test_a_link_without_a_key_is_refused() -> None:
    """It could believe nobody."""
    with pytest.raises(WireError):
        Signer(b"")
