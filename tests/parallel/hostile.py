"""Somebody who sends to a session's sockets what he likes. As a script it prints what it has sent.

    python hostile.py CONNECTION_FILE SEED COUNT keyless|signed

``keyless`` hears what is published, and sends that again: altered, cut, mixed, on every channel,
under the names of the clients he has heard; and bytes that are no messages. ``signed`` has the key
and sends requests of every type with any contents, but for those that would do what they say.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import sys
from collections import deque
from pathlib import Path
from typing import Any

import zmq
from vivo.parallel.connection import CHANNELS, ConnectionInfo, read_connection
from vivo.parallel.wire import DELIMITER, Codec

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing import NUMBERS, PIECES, damaged

ASKED = ("shell", "control", "stdin")
KINDS = (
    *("kernel_info", "complete", "inspect", "is_complete", "history", "comm_info", "usage"),
    *("vivo_session", "vivo_runs", "vivo_replay", "vivo_variables", "vivo_stack", "execute"),
    *("vivo_take_input", "list_subshell", "delete_subshell", "debug", "unheard_of"),
)
OTHER_KINDS = ("comm_open", "comm_msg", "comm_close", "input_reply", "status", "execute_reply")
FIELDS = (
    *("code", "cursor_pos", "detail_level", "target_name", "comm_id", "data", "limit", "after"),
    *("uri", "hist_access_type", "n", "session", "start", "stop", "pattern", "silent", "command"),
    *("user_expressions", "allow_stdin", "store_history", "subshell_id", "path", "type", "value"),
)
CODES = ("1", "'text'", "None", "x = 1", "(", "\ud800", "é" * 50, "%nothing", "1/0", "")


def anything(draw: random.Random, depth: int = 3) -> Any:
    """A value that JSON can say, or nearly."""
    plain = [None, True, "", "text", "\x00", "\ud800", 1.5, float("inf"), -1, *NUMBERS]
    if depth and draw.random() < 0.3:
        inner = [anything(draw, depth - 1) for _ in range(draw.randrange(3))]
        return inner if draw.random() < 0.5 else {str(each): each for each in inner}
    return draw.choice(plain)


def signed_rubbish(draw: random.Random, codec: Codec) -> list[bytes]:
    """A request by one who has the key, and does not know what to say."""
    kind = draw.choice([*(f"{each}_request" for each in KINDS), *OTHER_KINDS])
    content = {draw.choice(FIELDS): anything(draw) for _ in range(draw.randrange(5))}
    if kind == "execute_request":
        content["code"] = draw.choice(CODES)
    if kind == "debug_request":
        content["command"] = draw.choice([None, {}, "unheard of", "variables", "threads"])
    metadata = draw.choice([{}, {"vivo": anything(draw)}, {"vivo": {"path": anything(draw)}}])
    frames = codec.encode(kind, content, metadata=metadata)
    if draw.random() < 0.2:
        header = json.loads(frames[2]) | {draw.choice(["session", "date", "subshell_id"]): None}
        frames[2] = json.dumps(header).encode()
        frames[1] = codec.sign(frames[2:6])
    return frames


class Keyless:
    """Hears what is published, and makes messages of it."""

    def __init__(self, connection: ConnectionInfo, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.heard: deque[list[bytes]] = deque(maxlen=200)
        self._ears = context.socket(zmq.SUB)
        self._ears.linger = 0
        self._ears.connect(connection.address("iopub"))
        self._ears.subscribe(b"")
        self._guess = Codec(b"a guess")
        self.names: deque[bytes] = deque(maxlen=20)

    def listen(self) -> None:
        """Take in what has come."""
        with contextlib.suppress(zmq.Again):
            for _ in range(20):
                frames = self._ears.recv_multipart(zmq.NOBLOCK)
                self.heard.append(frames)
                if len(frames) > 4 and b'"session"' in frames[4]:
                    self.names.append(str(json.loads(frames[4]).get("session")).encode())

    def rubbish(self, draw: random.Random) -> list[bytes]:
        """Frames to send."""
        if not self.heard or draw.random() < 0.2:
            frames = self._guess.encode("execute_request", {"code": "raise SystemExit"})
        else:
            frames = list(draw.choice(self.heard))[draw.randrange(2) :]
        for _ in range(draw.randrange(4)):
            if not frames:
                break
            at = draw.randrange(len(frames))
            match draw.randrange(5):
                case 0:
                    frames[at] = damaged(draw, frames[at])
                case 1:
                    del frames[at]
                case 2 if self.heard:
                    frames[at] = draw.choice(draw.choice(self.heard))
                case 3:
                    frames[at:at] = [draw.choice(PIECES)] * draw.choice((1, 5, 500))
                case _:
                    frames.insert(at, DELIMITER)
        return frames or [b""]

    def close(self) -> None:
        """Stop listening."""
        self._ears.close()


def no_messages(draw: random.Random, connection: ConnectionInfo) -> None:
    """Bytes that are not even ZeroMQ's, on any port."""
    channel = draw.choice(CHANNELS)
    is_local = connection.transport == "ipc"
    place = socket.AF_UNIX if is_local else socket.AF_INET
    port = getattr(connection, f"{channel}_port")
    address: Any = f"{connection.ip}-{port}" if is_local else (connection.ip, port)
    with contextlib.suppress(OSError), socket.socket(place) as each:
        each.settimeout(1)
        each.connect(address)
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
        each.sendall(draw.choice([draw.randbytes(300), greeting, b"GET / HTTP/1.1\r\n\r\n", b""]))


def flood(connection: ConnectionInfo, seed: int, count: int, *, has_key: bool) -> int:
    """Send messages; how many."""
    draw = random.Random(seed)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    keyless = Keyless(connection, context)
    codecs = {channel: Codec(connection.key.encode()) for channel in ASKED if has_key}
    sockets: dict[str, zmq.Socket[bytes]] = {}
    sent = 0
    try:
        while sent < count:
            if sent % 500 == 0 or not sockets:
                _reconnect(draw, connection, context, sockets, keyless, has_key=has_key)
                no_messages(draw, connection)
            keyless.listen()
            channel = draw.choice([*ASKED, *ASKED, *ASKED, "hb", "iopub"])
            if channel not in ASKED:
                frames = [draw.choice([b"\x01", b"\x00", b"", b"\x02"]) + draw.choice(PIECES)]
            elif has_key:
                frames = signed_rubbish(draw, codecs[channel])
            else:
                frames = keyless.rubbish(draw)
            with contextlib.suppress(zmq.Again):
                sockets[channel].send_multipart(frames)
            sent += 1
            for each in ASKED:  # answers are read, or they would wait in the session
                with contextlib.suppress(zmq.Again):
                    sockets[each].recv_multipart(zmq.NOBLOCK)
    finally:
        for each in sockets.values():
            each.close(1000)
        keyless.close()
        context.term()
    return sent


def _reconnect(
    draw: random.Random,
    connection: ConnectionInfo,
    context: zmq.Context[zmq.Socket[bytes]],
    sockets: dict[str, zmq.Socket[bytes]],
    keyless: Keyless,
    *,
    has_key: bool,
) -> None:
    """Come anew, without a name, or with one that was heard: that of somebody else."""
    kinds = dict.fromkeys(ASKED, zmq.DEALER) | {"hb": zmq.DEALER, "iopub": zmq.XSUB}
    for channel, kind in kinds.items():
        if channel in sockets:
            sockets.pop(channel).close(1000)
        each = sockets[channel] = context.socket(kind)
        each.sndtimeo = 2000
        if kind == zmq.DEALER and not has_key and keyless.names and connection.transport == "tcp":
            each.identity = draw.choice(keyless.names)
        each.connect(connection.address(channel))


if __name__ == "__main__":
    told = read_connection(sys.argv[1])
    print(flood(told, int(sys.argv[2]), int(sys.argv[3]), has_key=sys.argv[4] == "signed"))
