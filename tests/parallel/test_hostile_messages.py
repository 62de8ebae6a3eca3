"""What somebody gets who can write to a session's sockets, has heard its traffic, and has no key.

Each attack is made of authentic messages: of frames that were sent, put together anew.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import zmq
import zmq.asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.parallel.client import SessionClient
from vivo.parallel.connection import make_tcp
from vivo.parallel.errors import WireError
from vivo.parallel.refusals import Refusals
from vivo.parallel.wire import DELIMITER, Codec

KEY = b"0123456789abcdef"
PARALLEL = Path(__file__).resolve().parents[2] / "parallel"


class Ears:
    """A session's side and a client's, and what goes between them."""

    def __init__(self) -> None:
        self.asked = Codec(KEY, session="the session", is_asked=True)
        self.client = Codec(KEY)
        self.other = Codec(KEY)

    def request(self, codec: Codec | None = None, buffers: tuple[bytes, ...] = ()) -> list[bytes]:
        """Frames of a client's."""
        return (codec or self.client).encode("comm_msg", {"data": 1}, buffers=buffers)

    def plain(self, buffers: tuple[bytes, ...] = ()) -> list[bytes]:
        """Frames of a client of another maker's, whose header tells of no buffers."""
        header = json.dumps({"msg_id": "plain-1", "msg_type": "comm_msg", "session": "s"})
        parts = [header.encode(), b"{}", b"{}", b"{}"]
        return [DELIMITER, self.client.sign(parts), *parts, *buffers]


def refused(codec: Codec, frames: list[bytes]) -> str:
    with pytest.raises(WireError) as caught:
        codec.decode(frames)
    return str(caught.value)


def test_what_a_session_has_said_is_no_request() -> None:
    """A widget's message, heard on iopub, is no request; nor is a client's to itself."""
    ears = Ears()
    event = ears.asked.encode("comm_msg", {"data": 2}, identities=[b"comm_msg"])
    assert ears.client.decode(event).content == {"data": 2}
    assert "sent back" in refused(ears.asked, event[1:])
    assert "sent back" in refused(ears.client, ears.request())


def test_what_an_earlier_keeper_has_said_is_no_request_either() -> None:
    """It has died, and its traffic was heard; the next one has the same name."""
    said = Codec(KEY, session="the session", is_asked=True).encode("comm_msg", {})
    assert "sent back" in refused(Ears().asked, said)


@pytest.mark.parametrize("buffers", [(), (b"one", b"two")])
def test_a_message_of_ours_cannot_pass_for_a_plain_one(buffers: tuple[bytes, ...]) -> None:
    """So that its buffers would count as unsigned: what tells of them is signed itself."""
    ears = Ears()
    frames = ears.request(buffers=buffers)
    header = json.loads(frames[2])
    del header["buffers"]
    forged = [*frames[:2], json.dumps(header).encode(), *frames[3:6], b"mine"]
    assert "signature is wrong" in refused(ears.asked, forged)
    header["buffers"] = None
    forged[2] = json.dumps(header).encode()
    assert "signature is wrong" in refused(ears.asked, forged)


def test_buffers_do_not_go_from_one_message_to_another() -> None:
    """Nor from a plain client's, which has any, to ours."""
    ears = Ears()
    first, second = ears.request(buffers=(b"one",)), ears.request(buffers=(b"two",))
    assert "buffers" in refused(ears.asked, [*first[:6], *second[6:]])
    assert "buffers" in refused(ears.asked, [*second[:6], *ears.plain((b"one",))[6:]])
    assert ears.asked.decode(ears.plain((b"any",))).buffers == [b"any"]  # as Jupyter has it


def test_a_message_counts_once_on_all_channels() -> None:
    """One codec reads them all: what came on shell does not come again on control."""
    ears = Ears()
    request, plain = ears.request(), ears.plain()
    for frames in (request, plain):
        ears.asked.decode([b"client", *frames])
        assert "replay" in refused(ears.asked, [b"client", *frames])
        assert "replay" in refused(ears.asked, [b"another", b"client", *frames])


def test_a_message_of_one_session_is_nothing_to_another() -> None:
    """They have different keys."""
    other = Codec(b"another key", is_asked=True)
    assert "signature is wrong" in refused(other, Ears().request())
    assert "signature is wrong" in refused(other, [DELIMITER, b"", *Ears().request()[2:]])


def test_an_old_request_stays_refused_whatever_came_since() -> None:
    """Overtaken by thousands of its own client's, and of others'."""
    ears = Ears()
    old = ears.request()
    ears.asked.decode(old)
    for _ in range(5000):
        ears.asked.decode(ears.request())
        ears.asked.decode(ears.request(ears.other))
    assert "replay" in refused(ears.asked, old)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_message_is_made_of_pieces_of_others(data: st.DataObject) -> None:
    """Frames of recorded messages in any order, number and mixture: only whole ones are read."""
    ears = Ears()
    recorded = [
        ears.request(buffers=(b"one", b"two")), ears.request(), ears.request(ears.other, (b"x",)),
        ears.asked.encode("stream", {"text": "said"}), ears.asked.encode("comm_open", {}),
    ]  # fmt: skip
    whole = [each[2:] for each in recorded[:3]]
    pieces = [frame for each in recorded for frame in each] + [b"", b"{}"]
    for _ in range(20):
        frames = list(data.draw(st.sampled_from(recorded)))
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(0, len(frames)))
            cut = data.draw(st.integers(0, 2))
            frames[at : at + cut] = data.draw(st.lists(st.sampled_from(pieces), max_size=3))
        try:
            ears.asked.decode(frames)
        except WireError:
            continue
        read = frames[frames.index(DELIMITER) + 2 :]
        assert read in whole
        whole.remove(read)  # each once


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [b""] * 200_000,
        [DELIMITER] * 200_000,
        [DELIMITER, b"", *[b"{}"] * 200_000],
        [b"x" * 2**20] * 4,
        [DELIMITER, b"\xff" * 64, b"{", b"}", b"\xff", b""],
    ],
    ids=["nothing", "empty frames", "delimiters", "buffers", "large identities", "no text"],
)
def test_frames_without_a_signature_are_one_sentence(frames: list[bytes]) -> None:
    """However many; and nothing in them is read."""
    assert "\n" not in refused(Ears().asked, frames)


UNREADABLE = (
    *(
        b'{"n": ' + b"9" * 5000,
        b'{"n": 0',
        b'{"n": 0x',
        b"[",
        b'{"a":',
        b"1",
        b'"',
        b"null",
        b"\x00",
    ),
    *(b"{}{}", b"{'", b"\xef"),
)


@pytest.mark.parametrize(
    "content",
    [
        b'{"n": ' + b"9" * 4000 + b"}", b'{"n": ' + b"9" * 100_000 + b"}", b'{"n": 1e999999999}',
        b'{"n": NaN}', b'{"n": -Infinity}', b'{"t": "\xff\xfe"}', b'{"t": "\\ud800\\ud800"}',
        b'{"t": "\\udc00"}', b'{"n": 1, "n": {"n": 2}, "n": 3}', b'{"\\u0000": "\\u0000"}',
        b"[" * 10**6, b'{"a":' * 10**5, b"1", b'"text"', b"null", b"", b"\x00" * 1000, b"{}{}",
        b"\xef\xbb\xbf{}", b'{"n": 0x10}', b"{'n': 1}", b'{"n": 01}', b'{"\\ud800": 1}',
    ],
)  # fmt: skip
def test_any_json_of_a_key_holder_is_read_or_one_sentence(content: bytes) -> None:
    """Huge numbers, none, halves of characters, keys that come twice, depths; and it goes out."""
    codec = Codec(KEY)
    header = b'{"msg_id": "1", "msg_type": "x"}'
    parts = [header, b"{}", b"{}", content]
    frames = [DELIMITER, codec.sign(parts), *parts]
    if not content or content.startswith(UNREADABLE):
        assert "\n" not in refused(codec, frames)
    else:
        sent_on = codec.encode("x", codec.decode(frames).content)
        assert isinstance(Codec(KEY).decode(sent_on).content, dict)


def test_a_flood_of_refused_messages_leaves_a_short_log(caplog: pytest.LogCaptureFixture) -> None:
    """Each of the first has its line; then only how many there were."""
    refusals = Refusals()
    for _ in range(100_000):
        refusals.note("shell", WireError("it was altered"))
    assert 20 < len(caplog.messages) < 40
    assert caplog.messages[0] == "A message on shell is refused, the 1.: it was altered."


# --- The client's side --------------------------------------------------------------------------


class Impostor:
    """It has taken a session's place on its ports, and sends what it likes to its client."""

    def __init__(self) -> None:
        self.connection = make_tcp()
        self.context = zmq.asyncio.Context()
        self.codec = Codec(self.connection.key.encode(), session="the session")
        self.sockets = {
            name: self.context.socket(kind)
            for name, kind in (("shell", zmq.ROUTER), ("stdin", zmq.ROUTER), ("iopub", zmq.PUB))
        }
        for name, each in self.sockets.items():
            each.linger = 0
            each.bind(self.connection.address(name))

    def close(self) -> None:
        for each in self.sockets.values():
            each.close()
        self.context.term()


async def test_an_event_is_no_answer_and_no_question() -> None:
    """Heard on iopub, and put on the channel on which an answer is waited for."""
    impostor = Impostor()
    client = SessionClient(impostor.connection, "test")
    asked: list[str] = []

    async def on_input(prompt: str, password: bool, run: str | None) -> str:
        asked.append(prompt)
        return "secret"

    client.on_input = on_input
    client._open()
    try:
        import asyncio

        request = asyncio.ensure_future(client.request("shell", "complete_request", {}))
        identity, *frames = await impostor.sockets["shell"].recv_multipart()
        assert client.codec.session.encode() != identity, "by TCP everybody knows the name"
        parent = frames[2]
        encode = impostor.codec.encode
        busy = encode("status", {"execution_state": "busy"}, parent=parent, identities=[identity])
        await impostor.sockets["shell"].send_multipart(busy)
        reply = encode("complete_reply", {"matches": []}, parent=parent, identities=[identity])
        await impostor.sockets["shell"].send_multipart(reply)
        assert (await request).type == "complete_reply"
        client._asked(client.codec.decode(encode("stream", {"prompt": "x"}, parent=parent)))
        client._asked(client.codec.decode(encode("input_request", {"prompt": "y"}, parent=parent)))
        while not asked:
            await asyncio.sleep(0)
        assert asked == ["y"]
    finally:
        await client.close()
        impostor.close()


# --- No code from bytes -------------------------------------------------------------------------

CODE_FROM_BYTES = {"pickle", "_pickle", "marshal", "shelve", "cloudpickle", "dill", "joblib"}


def test_nothing_of_the_wire_makes_objects_of_bytes() -> None:
    """Nothing that meets a message first: keeper, controller, wire, whatever its signature.

    What an engine is to call it unpickles itself, after its keeper has authenticated it; and what a
    client has asked for, after the signature was checked.
    """
    used = {}
    allowed = {PARALLEL / "engine" / "calls.py", PARALLEL / "cluster" / "pickling.py"}
    for path in set(PARALLEL.rglob("*.py")) - allowed:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                names = [called] if called in ("recv_pyobj", "send_pyobj", "eval", "exec") else []
            wrong = {name for name in names if name.partition(".")[0] in CODE_FROM_BYTES}
            wrong |= {
                name for name in names if name in ("recv_pyobj", "send_pyobj", "eval", "exec")
            }
            if wrong:
                used[path.name] = wrong
    assert used == {}


class Bomb:
    """What a pickle runs."""

    def __reduce__(self) -> Any:
        return sys.exit, ("a pickle was loaded",)


def test_a_pickle_in_any_frame_is_bytes() -> None:
    """Signed or not, as a part or as a buffer: it is refused, or handed on as it came."""
    import pickle

    bomb = pickle.dumps(Bomb())
    with pytest.raises(SystemExit):
        pickle.loads(bomb)
    codec = Codec(KEY)
    for at in range(6):
        frames = codec.encode("x", {})
        frames[at] = bomb
        refused(Ears().asked, frames)
        parts = [bomb if each == at - 2 else b"{}" for each in range(4)]
        refused(Ears().asked, [DELIMITER, codec.sign(parts), *parts])
    assert Ears().asked.decode(codec.encode("x", {}, buffers=[bomb])).buffers == [bomb]
