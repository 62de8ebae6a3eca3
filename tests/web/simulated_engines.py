"""Engines that are none: a process that says to a controller what so many engines would.

``python -m tests.web.simulated_engines CLUSTER COUNT``. Each has a connection of its own, gives a
sign of life every second with a load and a memory that change each time, and does tasks: each takes
some milliseconds, and one in ``FAILS`` fails. Lines on the standard input: ``die NUMBER REASON``.
"""

from __future__ import annotations

import os
import pickle
import random
import select
import sys
import time
from typing import Any

import zmq
from vivo.parallel.controller.files import find
from vivo.parallel.descriptors import make_room
from vivo.parallel.relays import is_relayed
from vivo.parallel.wire import Codec, Message

FAILS = 400
LARGEST = 500
"""The engine that has the most memory."""
NOWHERE = {
    "transport": "tcp",
    "ip": "127.0.0.1",
    **dict.fromkeys(["shell_port", "control_port", "stdin_port", "iopub_port", "hb_port"], 9),
}
TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "model.py", line 12, in simulate',
    "    return energy / mass",
    "ZeroDivisionError: division by zero",
]


class SimulatedEngine:
    """One of them."""

    def __init__(self, context: zmq.Context[Any], address: str, key: str, number: int) -> None:
        self.number, self.session = number, f"simulated{number:04}"
        self._codec = Codec(key.encode(), session=self.session)
        self._reader = Codec(key.encode())
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.setsockopt(zmq.ROUTING_ID, os.urandom(16))
        self.socket.connect(address)
        self.due = time.monotonic() + number % 100 / 100
        self.is_alive = True

    def send(self, kind: str, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.socket.send_multipart(self._codec.encode(kind, content, buffers=buffers or []))

    def hello(self) -> None:
        host = f"node{self.number // 16:02}"
        self.send(
            "vivo_engine_hello",
            {
                "session": self.session,
                "number": self.number,
                "state": "idle",
                "connection": NOWHERE,
                "host": host,
                "cwd": "/",
                "python": "/opt/python/bin/python",
                "python_version": "3.12.4",
                "engine_pid": 10_000 + self.number,
                "keeper_pid": 1,
                "rank": self.number,
                "calls": {"given": [], "results": []},
            },
        )

    def beat(self, now: float) -> None:
        self.due += 1.0
        memory = (900 if self.number == LARGEST else random.randrange(100, 200)) << 20
        load = round(random.random(), 2)
        self.send(
            "vivo_heartbeat",
            {"memory": memory, "load": load, "is_stopped": False, "asks": False},
        )

    def receive(self) -> None:
        while self.socket.poll(0):
            frames = self.socket.recv_multipart()
            if is_relayed(frames):
                continue  # of a client that wants to connect to it
            message = self._reader.decode(frames)
            if message.type == "vivo_calls":
                self._run(message)
            elif message.type == "vivo_hello_request":
                self.hello()

    def _run(self, message: Message) -> None:
        results, buffers, now = [], [], time.time()
        for call in message.content["calls"]:
            told: dict[str, Any] = {"call": call["call"], "started": now - 0.004, "finished": now}
            if random.randrange(FAILS):
                results.append({**told, "status": "ok", "buffers": 1})
                buffers.append(pickle.dumps(None))
            else:
                error = {"ename": "ZeroDivisionError", "evalue": "division by zero"}
                error_told = {**error, "traceback": TRACEBACK}
                results.append({**told, "status": "error", "error": error_told, "buffers": 0})
        self.send("vivo_call_results", {"results": results}, buffers)

    def die(self, reason: str) -> None:
        told = {"reason": reason, "ran": None, "waiting": [], "is_dead": True}
        self.send("vivo_engine_died", told)


def main(cluster: str, count: int) -> None:
    """Be engines until the standard input ends."""
    entry = find(cluster)
    assert entry is not None
    make_room(4 * count)
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 2 * count)
    engines = [SimulatedEngine(context, entry.engines, entry.key, n) for n in range(count)]
    poller = zmq.Poller()
    by_socket = {each.socket: each for each in engines}
    for each in engines:
        poller.register(each.socket, zmq.POLLIN)
        each.hello()
    while True:
        for ready, _ in poller.poll(20):
            by_socket[ready].receive()
        now = time.monotonic()
        for each in engines:
            if each.due <= now:
                each.beat(now)
        if select.select([sys.stdin], [], [], 0)[0]:
            line = sys.stdin.readline()
            if not line:
                break
            word, number, reason = line.rstrip("\n").split(" ", 2)
            assert word == "die"
            engines[int(number)].die(reason)
    context.destroy(linger=0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
