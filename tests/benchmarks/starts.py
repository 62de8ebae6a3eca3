"""Starts and memory: from the spawn of a kernel to its first reply, for a bare ZeroMQ client.

jupyter_client polls with waits of its own, which hide how long a kernel takes. This client writes
the connection file, spawns, sends ``1+1`` at once and waits for the reply.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import zmq

_CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


def first_reply(argv: list[str]) -> tuple[float, float, float]:
    """Seconds to the reply; then the memory of the kernel's processes, in MB, by two measures.

    Resident memory counts what processes share once for each, proportional memory (PSS) once.
    """
    with _kernel(argv) as (spawned, process, shell, key):
        header = {
            "msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "bare",
            "username": "bare", "date": "2026-01-01T00:00:00Z", "version": "5.4",
        }  # fmt: skip
        content = {"code": "1+1", "silent": False, "store_history": True, "allow_stdin": False}
        parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
        signature = hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest().encode()
        shell.send_multipart([b"<IDS|MSG>", signature, *parts])
        if not shell.poll(60_000):
            raise RuntimeError(f"{argv[0]} gave no reply in a minute")
        shell.recv_multipart()
        seconds = time.perf_counter() - spawned
        kernel = psutil.Process(process.pid)
        infos = [each.memory_full_info() for each in (kernel, *kernel.children(recursive=True))]
        return seconds, sum(each.rss for each in infos) / 1e6, sum(each.pss for each in infos) / 1e6


@contextlib.contextmanager
def _kernel(
    argv: list[str],
) -> Iterator[tuple[float, subprocess.Popen[bytes], zmq.Socket[bytes], bytes]]:
    """A kernel that was just spawned, when that was, and a socket to its shell channel."""
    key = uuid.uuid4().hex
    ports = _free_ports(len(_CHANNELS))
    connection = {f"{name}_port": port for name, port in zip(_CHANNELS, ports, strict=True)}
    connection |= {"ip": "127.0.0.1", "transport": "tcp", "key": key}  # type: ignore[dict-item]
    connection |= {"signature_scheme": "hmac-sha256", "kernel_name": ""}  # type: ignore[dict-item]
    with tempfile.TemporaryDirectory(prefix="vb-") as folder:
        path = Path(folder) / "kernel.json"
        path.write_text(json.dumps(connection))
        path.chmod(0o600)
        context = zmq.Context()
        shell = context.socket(zmq.DEALER)
        shell.setsockopt(zmq.RECONNECT_IVL, 1)  # ms: the kernel is not there yet
        shell.setsockopt(zmq.LINGER, 0)
        shell.connect(f"tcp://127.0.0.1:{connection['shell_port']}")
        spawned = time.perf_counter()
        words = [word.format(connection_file=path) for word in argv]
        environment = {**os.environ, "JPY_PARENT_PID": str(os.getpid())}
        process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        try:
            yield spawned, process, shell, key.encode()
        finally:
            children = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            process.wait()
            psutil.wait_procs(children, timeout=10)
            shell.close()
            context.term()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody uses now."""
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in made:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in made]
