"""vivo's sessions beside ipykernel and a floor program, over the wire.

Every kernel is driven by the same jupyter_client over TCP, in turns, so that what else the
machine does falls on all alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from peers import prepare_peers
from report import show

KERNELS = ("floor", "vivo", "ipykernel")


def write_kernelspecs(folder: Path) -> None:
    """A kernelspec for each contestant, in ``folder``."""
    vivo = Path(sys.executable).parent / "vivo"
    subprocess.run(
        [str(vivo), "kernelspec", "install", "--prefix", str(folder / "prefix")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        [str(folder), str(folder / "prefix/share/jupyter")]
    )
    argv = {
        "floor": [sys.executable, str(Path(__file__).with_name("floor.py")), "{connection_file}"],
        "ipykernel": [
            str(prepare_peers()), "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f",
            "{connection_file}",
        ],
    }  # fmt: skip
    for name, words in argv.items():
        target = folder / "kernels" / name
        target.mkdir(parents=True)
        spec = {"argv": words, "display_name": name, "language": "python"}
        (target / "kernel.json").write_text(json.dumps(spec))


@contextlib.contextmanager
def started(name: str) -> Iterator[Any]:
    """A running kernel and its client."""
    manager = KernelManager(kernel_name=name)
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=False)


def answer(client: Any, message: str, timeout: float = 60.0) -> dict[str, Any]:
    """The reply on the shell channel to a message."""
    while True:
        reply: dict[str, Any] = client.get_shell_msg(timeout=timeout)
        if reply["parent_header"].get("msg_id") == message:
            return reply


def finished(client: Any, message: str, timeout: float = 120.0) -> int:
    """Wait for the idle status of a message; give how many characters it printed."""
    size = 0
    while True:
        event = client.get_iopub_msg(timeout=timeout)
        if event["parent_header"].get("msg_id") != message:
            continue
        if event["msg_type"] == "stream":
            size += len(event["content"]["text"])
        if event["msg_type"] == "status" and event["content"]["execution_state"] == "idle":
            return size


def drain(client: Any) -> None:
    while client.iopub_channel.msg_ready():
        client.get_iopub_msg(timeout=0)


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turns(
    clients: dict[str, Any], action: Callable[[Any], object], rounds: int, block: int
) -> dict[str, list[float]]:
    """Time ``action`` on every client, in blocks that alternate. Seconds."""
    times: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, client in clients.items():
            for _ in range(block):
                times[name].append(timed(lambda client=client: action(client)))  # type: ignore[misc]
            drain(client)
    return times


def first_reply(name: str) -> float:
    """Seconds from spawning a kernel to the reply to its first ``1+1``, polling included."""
    start = time.perf_counter()
    with started(name) as client:
        answer(client, client.execute("1+1"))
        return time.perf_counter() - start


def measure(rounds: int) -> None:
    """Starts, round trips, completions and prints of each kernel."""
    starts: dict[str, list[float]] = {name: [] for name in KERNELS}
    for _ in range(5):
        for name in KERNELS:
            starts[name].append(first_reply(name))
    show("start to first reply (jupyter_client's own waits included)", starts)
    with contextlib.ExitStack() as stack:
        clients = {name: stack.enter_context(started(name)) for name in KERNELS}
        show(
            "round trip of 1+1, reply",
            in_turns(clients, lambda c: answer(c, c.execute("1+1")), rounds, 50),
        )
        del clients["floor"]
        code = "import numpy as np"
        for client in clients.values():
            finished(client, client.execute(code))
        show(
            "complete np.linalg.s",
            in_turns(clients, lambda c: answer(c, c.complete("np.linalg.s", 11)), rounds, 10),
        )
        prints = "for i in range(200_000): print(i)"
        show(
            "200,000 prints, to the idle status",
            in_turns(clients, lambda c: finished(c, c.execute(prints)), 3, 1),
        )
        busy(clients["vivo"])


def busy(client: Any) -> None:
    """Completion while a loop runs: vivo alone, since ipykernel answers after the cell."""
    loop = client.execute("while True: pass")
    while True:
        event = client.get_iopub_msg(timeout=10)
        if event["msg_type"] == "execute_input" and event["parent_header"]["msg_id"] == loop:
            break
    times = [timed(lambda: answer(client, client.complete("np.linalg.s", 11))) for _ in range(200)]
    show("complete np.linalg.s while `while True: pass` runs", {"vivo": times})
    client.control_channel.send(client.session.msg("interrupt_request", {}))
    answer(client, loop)


def run(rounds: int) -> None:
    """Measure and print, in folders of our own."""
    folder = Path(tempfile.mkdtemp(prefix="vb-"))
    for name in ("RUNTIME_DIR", "STATE_HOME", "DATA_HOME", "CONFIG_HOME", "CACHE_HOME"):
        target = folder / name.lower()
        target.mkdir(mode=0o700)
        os.environ[f"XDG_{name}"] = str(target)
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "jupyter")
    try:
        write_kernelspecs(folder)
        measure(rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
