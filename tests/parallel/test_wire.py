"""What the codec does with what others send, and with what nobody should."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.parallel import wire
from vivo.parallel.errors import WireError
from vivo.parallel.replays import Replays
from vivo.parallel.wire import DELIMITER, MAXIMUM_DEPTH, Codec, decode_event, to_json

KEY = b"0123456789abcdef"


def signed(*parts: bytes) -> list[bytes]:
    """A message of these parts, as one who has the key would send it."""
    codec = Codec(KEY)
    return [DELIMITER, codec.sign(list(parts)), *parts]


def request(content: bytes) -> list[bytes]:
    header = json.dumps({"msg_id": "1", "msg_type": "execute_request"}).encode()
    return signed(header, b"{}", b"{}", content)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.text(st.characters(categories=["Cs", "Lu"])) | st.just(object()) | st.just(2**200),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner)
    | st.dictionaries(st.text(st.characters(categories=["Cs", "Lu"])) | st.integers(), inner,
                      max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(ANYTHING)
def test_whatever_an_output_holds_can_be_sent(value: Any) -> None:
    """Encoding does not fail, and what it makes is JSON that everyone can read."""
    json.loads(to_json({"content": value}).decode("utf-8"))


def test_what_nests_without_end_is_cut() -> None:
    """A list in a list, a hundred thousand deep."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert to_json(deep) == b"[" * MAXIMUM_DEPTH + '"…"'.encode() + b"]" * MAXIMUM_DEPTH


@pytest.mark.parametrize("levels", [MAXIMUM_DEPTH + 1, 900, 100_000])
def test_a_message_that_nests_too_deep_is_refused(levels: int) -> None:
    """So that nobody who handles one runs out of stack."""
    content = b'{"code": ' + b"[" * levels + b"]" * levels + b"}"
    with pytest.raises(WireError, match="nests deeper than 200 levels"):
        Codec(KEY).decode(request(content))


def test_wide_messages_are_no_deep_ones() -> None:
    """Many small objects side by side are fine."""
    content = {"events": [{"a": [{}]} for _ in range(1000)]}
    assert Codec(KEY).decode(request(json.dumps(content).encode())).content == content


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"code": "\\ud800"}', {"code": "?"}),
        (b'{"x": 1e999}', {"x": float("inf")}),
        (b'{"code": "\xff"}', {"code": "�"}),
    ],
)
def test_what_python_writes_as_json_is_read(content: bytes, expected: dict[str, Any]) -> None:
    """Jupyter's own clients send it."""
    assert Codec(KEY).decode(request(content)).content == expected


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ((b"{", b"{}", b"{}", b"{}"), "is no JSON"),
        ((b'{"msg_id": "\\ud800", "msg_type": "x"}', b"{}", b"{}", b"{}"), "is no JSON"),
        ((b"[]", b"{}", b"{}", b"{}"), "must be JSON objects"),
        ((b"{}", b"{}", b"{}", b"{}"), "has no msg_id"),
        ((b'{"msg_id": 1, "msg_type": "x"}', b"{}", b"{}", b"{}"), "has no msg_id"),
        ((b'{"msg_id": "1"}', b"{}", b"{}", b"{}"), "has no msg_type"),
    ],
)
def test_a_signed_message_is_checked_too(parts: tuple[bytes, ...], sentence: str) -> None:
    """The right key does not make it right."""
    with pytest.raises(WireError, match=sentence):
        Codec(KEY).decode(signed(*parts))


def test_too_much_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is read."""
    monkeypatch.setattr(wire, "MAXIMUM_JSON", 1000)
    with pytest.raises(WireError, match="send data as buffers"):
        Codec(KEY).decode(request(b'{"code": "' + b"x" * 1000 + b'"}'))


def test_of_other_makers_messages_the_last_signatures_are_known() -> None:
    """The oldest are forgotten first: memory is bounded."""
    replays = Replays(by_number=True)
    for number in range(100_000):
        assert replays.is_new(None, str(number).encode())
        assert len(replays._signatures) + len(replays._older) <= 2**16
    assert not any(replays.is_new(None, str(each).encode()) for each in (99_999, 100_000 - 2**15))
    assert replays.is_new(None, b"0")


@settings(deadline=None)
@given(st.permutations(range(1, 40)), st.integers(0, 10**6))
def test_a_request_of_ours_counts_once_however_much_came_since(order: list[int], far: int) -> None:
    """In whatever order its client's sockets bring them; what is too old is refused."""
    replays, client = Replays(by_number=True), "0123456789abcdef"
    assert all(replays.is_new(f"{client}-{number}", b"") for number in order)
    assert not any(replays.is_new(f"{client}-{number}", b"") for number in order)
    assert replays.is_new(f"{client}-{far + 40}", b"")
    assert not any(replays.is_new(f"{client}-{number}", b"") for number in order)


@pytest.mark.parametrize(
    "change",
    [lambda b: [b[0] + b"x", b[1]], lambda b: b[:1], lambda b: [], lambda b: [b[1], b[0]],
     lambda b: [*b, b""], lambda b: [b[0] + b[1], b""]],
)  # fmt: skip
def test_buffers_are_those_that_were_sent(change: Any) -> None:
    """Altered, cut short, taken out, put in, in another order: refused, and nobody's else."""
    frames = Codec(KEY).encode("comm_msg", {}, buffers=[b"one", b"two"])
    assert Codec(KEY).decode(frames).buffers == [b"one", b"two"]
    with pytest.raises(WireError, match="buffers"):
        Codec(KEY).decode([*frames[:6], *change(frames[6:])])
    with pytest.raises(WireError, match="buffers"):
        Codec(KEY).decode([*Codec(KEY).encode("comm_msg", {}), b"put in"])


def test_without_a_key_nothing_is_signed() -> None:
    """As Jupyter has it: an empty key, an empty signature."""
    frames = Codec(b"").encode("x", {"a": 1})
    assert frames[1] == b""
    assert Codec(b"").decode(frames).content == {"a": 1}
    assert Codec(b"").decode(frames).content == {"a": 1}


def test_metadata_of_another_maker_is_no_vivo_metadata() -> None:
    """Whatever stands in its place."""
    for metadata in ({}, {"vivo": 1}, {"vivo": []}):
        assert Codec(KEY).decode(Codec(KEY).encode("x", {}, metadata=metadata)).vivo == {}
    parent = b'{"msg_id": ["not", "a", "text"]}'
    assert Codec(KEY).decode(Codec(KEY).encode("x", {}, parent=parent)).parent_id is None


def test_an_event_of_the_journal_is_checked() -> None:
    """A part missing, or no JSON."""
    with pytest.raises(WireError, match="fewer than four"):
        decode_event([b"{}"])
    with pytest.raises(WireError, match="no JSON"):
        decode_event([b"x", b"{}", b"{}", b"{}"])
