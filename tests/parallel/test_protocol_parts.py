"""The pure parts of a session: codec, frames, ordering, journal, connection files, merging."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_client.session import Session
from msgspec.structs import asdict
from vivo.parallel.connection import make_ipc, make_tcp, read_connection
from vivo.parallel.errors import ConnectionFileError, WireError
from vivo.parallel.frames import FrameError, FrameReader, Ordering, encode_frame
from vivo.parallel.journal import Event, Gap, Journal, read
from vivo.parallel.merging import EventMerger
from vivo.parallel.processes import boot_id, process_started
from vivo.parallel.registry import Registry, SessionEntry, liveness
from vivo.parallel.wire import DELIMITER, Codec, to_json

KEY = b"0123456789abcdef"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=3), st.lists(st.binary(), max_size=3))
def test_a_message_comes_back_as_it_went(content: dict[str, Any], buffers: list[bytes]) -> None:
    """Content, metadata, buffers and identities."""
    frames = Codec(KEY).encode(
        "x_request", content, metadata={"m": 1}, buffers=buffers, identities=[b"id"]
    )
    message = Codec(KEY).decode(frames)
    assert (message.type, message.content, message.buffers) == ("x_request", content, buffers)
    assert (message.identities, message.metadata) == ([b"id"], {"m": 1})


def test_jupyters_own_codec_reads_ours_and_we_read_its() -> None:
    """The wire format is Jupyter's."""
    session = Session(key=KEY, signature_scheme="hmac-sha256")
    frames = Codec(KEY).encode("status", {"execution_state": "idle"})
    _, parts = session.feed_identities(frames)
    assert session.deserialize(parts)["content"] == {"execution_state": "idle"}
    theirs = session.serialize(session.msg("execute_request", {"code": "1"}))
    assert Codec(KEY).decode(theirs).content == {"code": "1"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: [*f[:1], b"0" * 64, *f[2:]], "signature is wrong"),
        (lambda f: [*f[:5], b'{"code": "other"}'], "signature is wrong"),
        (lambda f: f[1:], "no <IDS|MSG> delimiter"),
        (lambda f: f[:3], "of the 4 parts"),
    ],
)
def test_a_wrong_message_is_refused_with_one_sentence(change: Any, sentence: str) -> None:
    """Altered, unsigned, or no message at all."""
    frames = Codec(KEY).encode("execute_request", {"code": "1"})
    with pytest.raises(WireError, match=sentence.replace("|", r"\|")):
        Codec(KEY).decode(change(frames))


def test_a_replayed_message_is_refused() -> None:
    """The same signature counts once."""
    codec, frames = Codec(KEY), Codec(KEY).encode("execute_request", {"code": "1"})
    codec.decode(frames)
    with pytest.raises(WireError, match="replay"):
        codec.decode(frames)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=9))
def test_no_bytes_crash_the_codec(frames: list[bytes]) -> None:
    """Signed or not, rubbish is refused and nothing else."""
    codec = Codec(KEY)
    for parts in (frames, [DELIMITER, codec.sign(frames[:4]), *frames]):
        try:
            codec.decode(parts)
        except WireError:
            continue


def test_undecodable_text_can_be_sent() -> None:
    """Lone surrogates, as undecodable output has them, become question marks."""
    assert to_json({"text": "a\udcff"}) == b'{"text":"a?"}'


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.dictionaries(st.text(), JSON, max_size=2), st.lists(st.binary()))),
    st.integers(1, 7),
)
def test_frames_come_out_whole_whatever_the_pieces(
    frames: list[tuple[dict[str, Any], list[bytes]]], size: int
) -> None:
    """The reader cuts where the writer did."""
    data = b"".join(encode_frame(header, buffers) for header, buffers in frames)
    reader = FrameReader()
    found = [f for at in range(0, len(data), size) for f in reader.feed(data[at : at + size])]
    assert found == frames
    assert reader.is_empty


def test_an_impossible_frame_is_said_so() -> None:
    """And nothing of its size is allocated."""
    with pytest.raises(FrameError):
        list(FrameReader().feed(b"\xff" * 64))


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1))
def test_no_text_waits_for_what_follows_it(text: str) -> None:
    """Whatever it ends with: a line is shown when it is written."""
    ordering = Ordering(Ordering.new_magic())
    assert ordering.feed_text(text.encode()) == [text.encode()]


MAGIC = bytes(range(16))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=30) | st.none(), max_size=12), st.data())
def test_text_and_events_come_in_the_order_they_were_made(items: list[Any], data: Any) -> None:
    """However the bytes of the pipe and the events of the socket arrive."""
    pipe, events, expected, number = b"", [], [], 0
    for item in items:
        if item is None:
            number += 1
            pipe += Ordering.marker(MAGIC, number)
            events.append(number)
            expected.append(number)
        else:
            pipe += item
            expected += list(item)
    ordering, got = Ordering(MAGIC), []

    def take(found: Any) -> None:
        for each in found:
            got.extend(each if isinstance(each, bytes) else [("event", each[0])])

    while pipe or events:
        if pipe and (not events or data.draw(st.booleans())):
            cut = data.draw(st.integers(1, len(pipe)))
            take(ordering.feed_text(pipe[:cut]))
            pipe = pipe[cut:]
        else:
            take(ordering.feed_event(events[0], "e"))
            events.pop(0)
    flat = [("event", e) if i is None else e for i, e in _tagged(items)]
    if data.draw(st.booleans()):
        take(ordering.feed_end(number + 1, "end"))
        flat.append(("event", number + 1))
        expected.append(number + 1)
        assert got == flat
    take(ordering.finish())
    assert got == flat
    assert len(expected) == len(flat)


def _tagged(items: list[Any]) -> list[tuple[Any, Any]]:
    tagged: list[tuple[Any, Any]] = []
    number = 0
    for item in items:
        if item is None:
            number += 1
            tagged.append((None, number))
        else:
            tagged += [(item, byte) for byte in item]
    return tagged


def test_the_journal_gives_back_what_was_appended(tmp_path: Path) -> None:
    """Across segments, from any number on, also after it was opened again."""
    journal = Journal(tmp_path, segment_bytes=2000)
    for number in range(1, 301):
        assert journal.append([b"head", str(number).encode() * 3, b""]) == number
    assert [e.seq for e in journal.read(123)] == list(range(124, 301))
    journal.close()
    again = Journal(tmp_path)
    assert again.append([b"more"]) == 301
    again.close()
    events = list(read(tmp_path))
    assert [e.seq for e in events if isinstance(e, Event)] == list(range(1, 302))
    assert len(list(tmp_path.glob("*.log"))) > 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4000), st.integers(0, 255))
def test_damage_shows_as_a_gap(tmp_path_factory: Any, place: int, byte: int) -> None:
    """No altered event is believed, none is missing silently, nothing crashes."""
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder, segment_bytes=1000)
    written = {journal.append([b"x" * n, b"y"]): [b"x" * n, b"y"] for n in range(60)}
    journal.close()
    paths = sorted(folder.glob("*.log"))
    path = paths[place % len(paths)]
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(bytes(data))
    expected = 1
    for item in read(folder):
        if isinstance(item, Gap):
            assert item.first == expected
            expected = (item.last or 60) + 1
        else:
            assert item.seq == expected
            assert item.parts == written[item.seq]
            expected += 1
    assert expected == 61


def test_a_full_disk_is_said_once_and_the_session_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written shows as a gap."""
    told: list[str] = []
    journal = Journal(tmp_path, report=told.append)
    journal.append([b"one"])
    with monkeypatch.context() as patch:

        def full(*_: Any) -> int:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "write", full)
        journal.append([b"two"])
        journal.append([b"three"])
    journal.append([b"four"])
    journal.close()
    assert len(told) == 1
    assert "No space left" in told[0]
    items = list(read(tmp_path))
    assert [item.seq for item in items if isinstance(item, Event)] == [1, 4]
    assert [(item.first, item.last) for item in items if isinstance(item, Gap)] == [(2, 3)]


@settings(deadline=None)
@given(st.permutations(range(1, 30)), st.integers(0, 28))
def test_replayed_and_live_events_come_once_and_in_order(order: list[int], cut: int) -> None:
    """Whatever overlaps, whatever comes early."""
    merger: EventMerger[int] = EventMerger(0)
    got: list[int] = []
    for seq in [*order[cut:], *order, *range(1, 30)]:
        got += merger.feed(seq, seq)
    assert got == list(range(1, 30))


def test_events_that_the_journal_lacks_are_shown_if_they_came_live() -> None:
    """A full disk: what nobody has is passed over, and nothing that is there."""
    merger: EventMerger[int] = EventMerger(0)
    assert [merger.feed(seq, seq) for seq in (3, 5, 8)] == [[], [], []]
    assert merger.skip_to(6) == [3, 5]
    assert merger.skip_hole() == [8]
    assert merger.last == 8
    assert merger.skip_hole() == []


def test_connection_files_are_the_users_alone(tmp_path: Path) -> None:
    """Written whole, 0600, and read back."""
    for made in (make_ipc(tmp_path), make_tcp()):
        path = tmp_path / "connection.json"
        made.write(path)
        assert path.stat().st_mode & 0o777 == 0o600
        assert read_connection(path) == made


def changed(**fields: Any) -> bytes:
    """A connection file with something wrong."""
    return json.dumps(asdict(make_tcp()) | fields).encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read .*`vivo sessions` lists"),
        (b"\xff\xfe", "is not text"),
        (b"{", "is not JSON"),
        (b"[]", "holds no JSON object"),
        (b'{"transport": "ipc"}', "ip is missing"),
        (changed(shell_port=True), "shell_port is missing or no int"),
        (changed(hb_port=-1), "hb_port is -1"),
        (changed(ip="a\0b"), "ip is no address"),
        (changed(key=""), "has no key"),
    ],
)
def test_a_bad_connection_file_gets_one_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    """What is wrong, and what to do."""
    path = tmp_path / "connection.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConnectionFileError, match=sentence):
        read_connection(path)


def test_a_socket_path_too_long_is_said_before_it_fails(tmp_path: Path) -> None:
    """Unix sockets have short names."""
    with pytest.raises(ConnectionFileError, match="XDG_RUNTIME_DIR"):
        make_ipc(tmp_path / ("x" * 120))


def entry(**changes: Any) -> SessionEntry:
    fields: dict[str, Any] = {
        "id": "abc", "name": "n", "owner": 0, "host": socket.gethostname(), "boot": boot_id(),
        "keeper_pid": os.getpid(), "keeper_started": process_started(os.getpid()) or 0.0,
        "python": "p", "cwd": "/", "workspace": None, "created": time.time(),
        "connection_file": "", "journal": "",
    }  # fmt: skip
    return SessionEntry(**(fields | changes))


def test_a_pid_alone_proves_nothing(tmp_path: Path) -> None:
    """Start time, boot and host count; a file that cannot be read is passed over."""
    assert liveness(entry()) == "live"
    assert liveness(entry(keeper_started=1.0)) == "stale"
    assert liveness(entry(boot="another")) == "stale"
    assert liveness(entry(host="another")) == "foreign"
    registry = Registry(tmp_path)
    registry.add(entry())
    registry.add(entry(id="abd", keeper_started=1.0))
    (tmp_path / "bad.json").write_text("{")
    listing = registry.listing()
    assert [each.id for each in listing.entries] == ["abc", "abd"]
    assert [path.name for path in listing.unreadable] == ["bad.json"]
    assert registry.get("ab") is None
    assert registry.get("abc") is not None
    assert [each.id for each in registry.prune()] == ["abd"]
