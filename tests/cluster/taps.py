"""A wire between ZeroMQ peers that a test listens on: it hears all, and may change it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import zmq

Frames = list[bytes]
Change = Callable[[Frames], Frames]


def unchanged(frames: Frames) -> Frames:
    return frames


class Tap:
    """Lies between those who connect and a target, under their names. Frames: without the name."""

    def __init__(self) -> None:
        self.address = ""
        self.target = ""
        self.heard: list[tuple[bytes, Frames]] = []
        """What went to the target: under which name, and what."""
        self.inward: Change = unchanged
        self.outward: Change = unchanged
        self._is_cut = threading.Event()
        self._has_ended = threading.Event()

    def cut(self) -> None:
        """End all connections; peers make new ones by themselves."""
        self._is_cut.set()
        while self._is_cut.is_set():
            self._has_ended.wait(0.01)

    def serve(self, ready: threading.Event) -> None:
        """Carry until :meth:`end`."""
        context: zmq.Context[Any] = zmq.Context()
        front, backs = self._bound(context, "tcp://127.0.0.1:*"), {}
        self.address = front.get_string(zmq.LAST_ENDPOINT).rstrip("\0")
        ready.set()
        while not self._has_ended.is_set():
            if self._is_cut.is_set():
                for each in (front, *backs.values()):
                    each.close()
                backs.clear()
                front = self._bound(context, self.address)
                self._is_cut.clear()
            poller = zmq.Poller()
            for each in (front, *backs.values()):
                poller.register(each, zmq.POLLIN)
            ready_now = dict(poller.poll(20))
            for name, back in backs.items():
                if back in ready_now:
                    front.send_multipart([name, *self.outward(back.recv_multipart())])
            if front in ready_now:
                name, *frames = front.recv_multipart()
                if name not in backs:
                    backs[name] = context.socket(zmq.DEALER)
                    backs[name].linger = 0
                    backs[name].setsockopt(zmq.ROUTING_ID, name)
                    backs[name].connect(self.target)
                self.heard.append((name, frames))
                backs[name].send_multipart(self.inward(list(frames)))
        for each in (front, *backs.values()):
            each.close()
        context.term()

    @staticmethod
    def _bound(context: zmq.Context[Any], address: str) -> Any:
        made = context.socket(zmq.ROUTER)
        made.linger = 0
        while True:
            try:
                made.bind(address)
                return made
            except zmq.ZMQError as error:  # ZeroMQ's own thread has not let go of it yet
                if error.errno != zmq.EADDRINUSE:
                    raise
                time.sleep(0.01)

    def end(self) -> None:
        """Carry no more."""
        self._has_ended.set()


@contextmanager
def tap(target: str = "") -> Iterator[Tap]:
    """A tap for as long as a ``with`` lasts."""
    made, ready = Tap(), threading.Event()
    made.target = target
    thread = threading.Thread(target=made.serve, args=[ready], name="tap")
    thread.start()
    assert ready.wait(10)
    try:
        yield made
    finally:
        made.end()
        thread.join()
