"""Bytes to the engine's sockets, never waited for: what does not fit is kept until it does."""

from __future__ import annotations

import socket

import zmq


class EngineWriter:
    """What the engine has not taken yet, by descriptor. ``poller`` watches its sockets."""

    def __init__(self, poller: zmq.Poller) -> None:
        self._poller = poller
        self._unsent: dict[int, bytearray] = {}

    def write(self, target: socket.socket, data: bytes) -> None:
        """Send bytes after those that are kept."""
        number = target.fileno()
        if number not in self._unsent:
            try:
                sent = target.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                return  # the engine has ended; its exit says so
            if sent == len(data):
                return
            data = data[sent:]
        self._unsent.setdefault(number, bytearray()).extend(data)
        self.flush(target)

    def flush(self, target: socket.socket) -> None:
        """Send what is kept, as far as it fits."""
        number = target.fileno()
        held = self._unsent.get(number)
        try:
            while held:
                sent = target.send(held)
                del held[:sent]
        except BlockingIOError:
            self._poller.modify(number, zmq.POLLIN | zmq.POLLOUT)
            return
        except OSError:
            self._unsent.pop(number, None)  # the engine has ended; its exit says so
            return
        if self._unsent.pop(number, None) is not None:
            self._poller.modify(number, zmq.POLLIN)

    def clear(self) -> None:
        """Keep nothing: there is another engine."""
        self._unsent.clear()
