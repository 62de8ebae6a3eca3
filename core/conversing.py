"""Talking to a program through pipes: it gets a text, and what it says is passed on as it comes.

It is over when the program ends, also where children that it leaves behind keep its pipes open.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
from collections.abc import Callable
from typing import IO

Taker = Callable[[bytes], object]
_CHUNK = 65536
_LOOK = 0.05  # seconds between looks for the end where the system does not tell it


def converse(process: subprocess.Popen[bytes], text: bytes, takers: dict[IO[bytes], Taker]) -> None:
    """Write ``text`` to a program's stdin and hand what it writes to ``takers``, until it ends."""
    assert process.stdin is not None
    exit_descriptor = os.pidfd_open(process.pid) if hasattr(os, "pidfd_open") else None
    left = memoryview(text)
    with selectors.DefaultSelector() as selector:
        try:
            if exit_descriptor is not None:
                selector.register(exit_descriptor, selectors.EVENT_READ)
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
            for pipe in takers:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            while process.poll() is None:
                for key, _ in selector.select(None if exit_descriptor is not None else _LOOK):
                    if key.fileobj is process.stdin:
                        left = _written(process.stdin, left)
                        if not left:
                            selector.unregister(process.stdin)
                            _close(process.stdin)
                    elif key.fileobj in takers and not _pass_on(key.fd, takers[key.fileobj]):
                        selector.unregister(key.fileobj)
        finally:
            if exit_descriptor is not None:
                os.close(exit_descriptor)
    drain(takers)
    _close(process.stdin)


def drain(takers: dict[IO[bytes], Taker]) -> None:
    """Hand over what is still in the pipes of a program that has ended, and close them."""
    for pipe, take in takers.items():
        while not pipe.closed and _pass_on(pipe.fileno(), take):
            continue
        pipe.close()


def _written(stdin: IO[bytes], left: memoryview) -> memoryview:
    try:
        return left[os.write(stdin.fileno(), left[:_CHUNK]) :] if left else left
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return left[:0]  # it has read all that it wants


def _pass_on(descriptor: int, take: Taker) -> bool:
    """Whether there was something, or may be later; false at the end, and where nothing is."""
    try:
        data = os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return False
    if data:
        take(data)
    return bool(data)


def _close(stdin: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        stdin.close()
