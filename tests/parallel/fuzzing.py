"""What is read, damaged in every way: each function is one case, drawn at random.

A case fails by an assertion, or by any error that the reader does not declare. As a script, many of
them with a bound on memory and on the time of each: ``fuzzing.py NAME SEED SECONDS``.
"""

from __future__ import annotations

import json
import logging
import os
import random
import resource
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from vivo.parallel.connection import ConnectionInfo, make_ipc, read_connection
from vivo.parallel.errors import ConnectionFileError, WireError
from vivo.parallel.frames import FrameError, FrameReader, Ordering, encode_frame
from vivo.parallel.journal import Event, Gap, Journal, read
from vivo.parallel.processes import boot_id
from vivo.parallel.registry import Registry, SessionEntry, liveness
from vivo.parallel.transcripts import inputs, transcript
from vivo.parallel.wire import DELIMITER, MAXIMUM_DEPTH, Codec

MEMORY = 256 * 2**20
CASE_SECONDS = 20.0
NUMBERS = (0, 1, 7, 255, 2**16, 2**31, 2**32 - 1, 2**33, 2**53, 2**63 - 1, 2**63, 2**64 - 1)
PIECES = (
    *(b"", b"\x00", b"\xff", b"{}", b"[]", b"null", b"{", b'"', b"\\", b"\\ud800", b"NaN", b"-1"),
    *(b"1e999", b"9" * 400, b"[" * 5000, b'{"a":' * 250, b"vivo", DELIMITER, b"\xed\xa0\x80", b"e"),
    *(b'"msg_id":"1"', b'"buffers":null', b'"buffers":""', b"true", b"\n", b"1", b",", b":", b"'"),
)


def damaged(draw: random.Random, data: bytes, most: int = 4) -> bytes:
    """Bytes with some flipped, cut out, put in, doubled or exchanged."""
    found = bytearray(data)
    for _ in range(draw.randint(1, most)):
        at, end = sorted(draw.randint(0, len(found)) for _ in range(2))
        end = min(end, at + draw.choice((1, 4, 8, 64, 4096)))
        match draw.randrange(7):
            case 0 if found:
                found[min(at, len(found) - 1)] ^= 1 << draw.randrange(8)
            case 1:
                del found[at:end]
            case 2:
                found[at:at] = draw.choice(PIECES)
            case 3:
                found[at:end] = draw.choice(PIECES)
            case 4:
                found[at:at] = found[at:end]
            case 5:
                found[at : at + 8] = draw.choice(NUMBERS).to_bytes(8, "big")
            case _:
                found[at:end] = draw.randbytes(end - at)
    return bytes(found)


def one_sentence(error: Exception) -> None:
    text = str(error)
    assert 0 < len(text) < 2000, text
    assert "\n" not in text, text


# --- The wire -----------------------------------------------------------------------------------

KEY = b"the key of a session"


def wire(draw: random.Random) -> bool:
    """Frames of a message, altered with the key or without it."""
    sender, taker = Codec(KEY), Codec(KEY, session="the session", is_asked=True)
    content = {"code": "1+1" * draw.randrange(9), "n": draw.choice(NUMBERS), "x": [{}, None, 1.5]}
    buffers = [draw.randbytes(draw.randrange(40)) for _ in range(draw.randrange(3))]
    parent = draw.choice([b"{}", b'{"msg_id": "p"}'])
    frames = [b"peer", *sender.encode("comm_msg", content, parent=parent, buffers=buffers)]
    original = frames[3:]
    has_key = draw.random() < 0.5
    if has_key:
        parts = [damaged(draw, each) if draw.random() < 0.4 else each for each in frames[3:7]]
        frames[2:7] = [sender.sign(parts), *parts]
    else:
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(frames))
            match draw.randrange(5):
                case 0:
                    frames[at] = damaged(draw, frames[at])
                case 1:
                    del frames[at]
                case 2:
                    frames.insert(at, draw.choice([draw.choice(PIECES), frames[at]]))
                case 3:
                    other = draw.randrange(len(frames))
                    frames[at], frames[other] = frames[other], frames[at]
                case _:
                    frames[at:at] = [draw.choice(PIECES)] * draw.choice((1, 10, 3000))
            if not frames:
                frames = [b""]
    try:
        message = taker.decode(frames)
    except WireError as error:
        one_sentence(error)
        return False
    assert has_key or frames[frames.index(DELIMITER) + 2 :] == original
    for each in (message.header, message.parent_header, message.metadata, message.content):
        assert isinstance(each, dict)
        assert _depth(each) <= MAXIMUM_DEPTH + 1
    assert isinstance(message.vivo, dict)
    assert message.parent_id is None or isinstance(message.parent_id, str)
    sent_on = taker.encode("x", message.content, parent=message.raw_header)
    assert Codec(KEY).decode(sent_on).parent_id == message.id
    return True


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        inner: list[Any] = []
        for each in level:
            inner += each.values() if isinstance(each, dict) else each
        level, depth = [each for each in inner if isinstance(each, (dict, list))], depth + 1
    return depth


# --- The journal --------------------------------------------------------------------------------


@cache
def scratch() -> Path:
    """A folder in memory, if there is one."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="vv-", dir=shared if shared.is_dir() else None))


def _event(codec: Codec, draw: random.Random, seq: int) -> list[bytes]:
    record = {"id": f"r{seq}", "source": "vivo" * draw.randrange(40), "status": "ok"}
    vivo = {"seq": seq, "run": "r1"} | ({"record": record} if draw.random() < 0.4 else {})
    kind, content = draw.choice(
        [
            ("stream", {"name": "stdout", "text": "vivo text " * draw.choice((1, 3, 300))}),
            ("status", {"execution_state": draw.choice(["idle", "busy", "dead"])}),
            ("execute_input", {"code": "1", "execution_count": 1}),
        ]
    )
    return codec.encode(kind, content, metadata={"vivo": vivo})[2:]


def journal(draw: random.Random) -> bool:
    """The folder of a journal, its files damaged, exchanged, doubled, others among them."""
    folder = scratch() / "journal"
    shutil.rmtree(folder, ignore_errors=True)
    codec = Codec(KEY)
    writer = Journal(folder, segment_bytes=draw.choice((300, 3000, 30_000)))
    written = {}
    for seq in range(1, draw.randint(2, 30)):
        parts = _event(codec, draw, seq) if draw.random() < 0.9 else [b"rubbish"]
        written[writer.append(parts)] = parts
    writer.close()
    for _ in range(draw.randint(1, 3)):
        _damage_files(draw, folder)
    expected, is_whole = 1, True
    for item in read(folder):
        if isinstance(item, Gap):
            one_sentence(Exception(item.reason))
            assert item.first == expected
            is_whole = False
            if item.last is None:
                break
            assert item.last >= item.first
            expected = item.last + 1
        else:
            assert item.seq == expected
            assert item.parts == written[item.seq]
            expected += 1
    list(transcript(folder))
    inputs(folder)
    after = Journal(folder)
    number = after.append([b"new"])
    assert number >= expected
    found = list(after.read(number - 1))
    after.close()
    assert found == [Event(number, [b"new"])], found
    return is_whole


def _damage_files(draw: random.Random, folder: Path) -> None:
    paths = [each for each in sorted(folder.glob("events-*.log")) if each.is_file()]
    if not paths:
        return
    path, other = draw.choice(paths), draw.choice(paths)
    match draw.randrange(9):
        case 0:
            os.truncate(path, draw.randint(0, path.stat().st_size))
        case 1 | 2 | 3:
            path.write_bytes(damaged(draw, path.read_bytes()))
        case 4:
            first, second = path.read_bytes(), other.read_bytes()
            path.write_bytes(second)
            other.write_bytes(first)
        case 5:
            (folder / f"events-{draw.choice((0, 3, 99, 10**15)):016d}.log").write_bytes(
                path.read_bytes()
            )
        case 6:
            name = draw.choice(["x", "1", "-1", "9" * 40, "0" * 17, "١" * 16, "1 (copy)", ""])
            (folder / f"events-{name}.log").write_bytes(draw.randbytes(90))
        case 7:
            place = folder / f"events-{draw.choice((2, 77)):016d}.log"
            if place.is_dir():
                return
            place.unlink(missing_ok=True)
            make = draw.choice([os.mkfifo, os.mkdir, lambda at: os.symlink("/dev/zero", at)])
            make(place)
        case _:
            path.write_bytes(path.read_bytes() + path.read_bytes())


# --- Small files --------------------------------------------------------------------------------


@cache
def _entry() -> bytes:
    return msgspec.json.encode(
        SessionEntry(
            id="hurt", name="n", owner=os.getuid(), host=socket.gethostname(), boot=boot_id(),
            keeper_pid=os.getpid(), keeper_started=1.0, python="p", cwd="/", workspace=None,
            created=1.0, connection_file="/nowhere/connection.json", journal="/nowhere",
        )
    )  # fmt: skip


def registry(draw: random.Random) -> bool:
    """A registry entry of any bytes: it is passed by or a session, and the others are there."""
    folder = scratch() / "registry" / "sessions"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        (folder / "whole.json").write_bytes(_entry().replace(b'"hurt"', b'"whole"'))
    (folder / "hurt.json").write_bytes(damaged(draw, _entry(), 6))
    held = Registry(folder)
    entries = held.listing().entries
    assert {each.id for each in entries} - {"hurt"} == {"whole"}
    for each in entries:
        assert liveness(each) in ("live", "stale", "foreign")
        assert str(each.keeper_pid)
    assert held.get("whole") is not None
    assert len(held.live()) <= 1
    return len(entries) == 2


@cache
def _connection() -> tuple[Path, bytes]:
    path = scratch() / "connection.json"
    make_ipc(scratch()).write(path)
    return path, path.read_bytes()


def connection(draw: random.Random) -> bool:
    """A connection file of any bytes: one sentence, or something that has five addresses."""
    path, data = _connection()
    if draw.random() < 0.5:
        told = json.loads(data)
        name = draw.choice(list(told))
        told[name] = draw.choice(
            [*NUMBERS, -1, None, "", "x" * 300, [], {}, 1.5, True, "\x00", "\ud800"]
        )
        data = json.dumps(told).encode()
    else:
        data = damaged(draw, data)
    path.write_bytes(data)
    try:
        made = read_connection(path)
    except ConnectionFileError as error:
        one_sentence(error)
        return False
    assert isinstance(made, ConnectionInfo)
    assert made.key.encode()
    for channel in ("shell", "iopub", "stdin", "control", "hb"):
        assert made.address(channel).startswith(("ipc://", "tcp://"))
    return True


# --- Between keeper and engine ------------------------------------------------------------------


def frames(draw: random.Random) -> bool:
    """A stream of frames, altered, and cut into any pieces."""
    sent = [
        encode_frame(
            {"type": "stream", "n": number, "text": draw.choice(["é", "\ud800", "x" * 500])},
            [draw.randbytes(draw.randrange(50)) for _ in range(draw.randrange(3))],
        )
        for number in range(draw.randint(1, 5))
    ]
    if draw.random() < 0.3:  # whole frames, of which one has a header that is none
        text = damaged(draw, b'{"type": "stream", "n": 1, "x": [1, {"y": null}]}')
        sent.insert(draw.randrange(len(sent)), struct.pack("!II", len(text), 0) + text)
    data = b"".join(sent)
    is_whole = draw.random() < 0.2
    data = data if is_whole else damaged(draw, data)
    reader = FrameReader(draw.choice([None, msgspec.json.decode]))
    got = 0
    try:
        while data:
            size = draw.choice((1, 3, 17, 100, len(data)))
            piece, data = data[:size], data[size:]
            for header, buffers in reader.feed(piece):
                assert isinstance(header, dict)
                assert all(isinstance(each, bytes) for each in buffers)
                got += 1
    except FrameError as error:
        one_sentence(error)
        return False
    assert not is_whole or (got == len(sent) and reader.is_empty)
    return True


def ordering(draw: random.Random) -> bool:
    """Text and marks in a pipe, with marks that are broken, double, early and of no event."""
    magic = b"\xff" + draw.randbytes(15)
    order = Ordering(magic)
    text = b""
    out: list[Any] = []
    for number in range(1, draw.randint(2, 8)):
        piece = draw.choice([b"text", b"\xff" * 3, magic[: draw.randrange(16)], b""])
        mark = Ordering.marker(magic, draw.choice((number, number, 1, 2**64 - 1)))
        piece += draw.choice([mark, mark, damaged(draw, mark), b""])
        for each in draw.sample([("text", piece), ("event", number)], 2):
            if each[0] == "text":
                text += piece
                for byte in (piece,) if draw.random() < 0.5 else [piece[:3], piece[3:]]:
                    out += order.feed_text(byte)
            elif draw.random() < 0.9:
                out += order.feed_event(number, {"n": number})
    if draw.random() < 0.5:
        out += order.feed_end(number + 1, {"n": number + 1})
    out += order.finish()
    events = [each for each in out if isinstance(each, tuple)]
    assert len({number for number, _ in events}) == len(events), "an event came twice"
    assert sum(len(each) for each in out if isinstance(each, bytes)) <= len(text)
    return bool(events)


CASES: dict[str, Callable[[random.Random], bool]] = {
    each.__name__: each for each in (wire, journal, registry, connection, frames, ordering)
}


def run(name: str, seed: int, count: int) -> tuple[int, int]:
    """Some cases in a row; how many were read, and how many refused."""
    read_well = sum(CASES[name](random.Random(f"{seed} {case}")) for case in range(count))
    return read_well, count - read_well


def main(name: str, seed: int, seconds: float) -> None:
    """Cases for some time, with bounds; prints what came of them."""
    logging.disable()
    signal.signal(signal.SIGALRM, lambda *_: _give_up("a case takes too long"))
    CASES[name](random.Random(0))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    end, case, read_well = time.monotonic() + seconds, 0, 0
    try:
        while time.monotonic() < end:
            signal.setitimer(signal.ITIMER_REAL, CASE_SECONDS)
            read_well += CASES[name](random.Random(f"{seed} {case}"))
            case += 1
    except BaseException:
        print(f"{name}: seed {seed}, case {case}", file=sys.stderr)
        raise
    finally:
        shutil.rmtree(scratch(), ignore_errors=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = {"name": name, "cases": case, "read": read_well, "seconds": seconds, "peak_mib": peak}
    print(json.dumps(told))


def _give_up(text: str) -> None:
    raise TimeoutError(text)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
