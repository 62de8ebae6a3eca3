"""vivo's sessions beside ipykernel and a floor program, over the wire.

Every kernel is driven by the same jupyter_client over TCP, in turns, so that what else the
machine does falls on all alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from peers import prepare_peers
from report import promise_ratios, show
from starts import first_reply

KERNELS = ("floor", "vivo", "ipykernel")
OF_TWO = "floor_of_two"


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
    floors = {name: str(Path(__file__).with_name(f"{name}.py")) for name in ("floor", OF_TWO)}
    argv = {
        **{name: [sys.executable, path, "{connection_file}"] for name, path in floors.items()},
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
    client.vivo_manager = manager
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
    """Time ``action`` on every client, in blocks that alternate. Seconds.

    An action that times itself gives its seconds, as a float.
    """
    results: list[object] = []
    times: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, client in clients.items():
            for _ in range(block):
                spent = timed(lambda client=client: results.append(action(client)))  # type: ignore[misc]
                told = results.pop()
                times[name].append(told if isinstance(told, float) else spent)
            drain(client)
    return times


def interrupted_sleep(client: Any) -> float:
    """Seconds from a user's interrupt of ``time.sleep`` to the cell's reply."""
    cell = client.execute("import time; print('asleep', flush=True); time.sleep(100)")
    while True:
        event = client.get_iopub_msg(timeout=60)
        if event["msg_type"] == "stream" and event["parent_header"]["msg_id"] == cell:
            break
    time.sleep(0.02)  # the text comes before the sleep begins
    start = time.perf_counter()
    client.vivo_manager.interrupt_kernel()
    answer(client, cell)
    return time.perf_counter() - start


def measure_starts(folder: Path) -> None:
    """From the spawn to the first reply, and the memory then."""
    argv = {}
    for name in KERNELS:
        below = "prefix/share/jupyter/kernels" if name == "vivo" else "kernels"
        argv[name] = json.loads((folder / below / name / "kernel.json").read_text())["argv"]
    starts: dict[str, list[float]] = {name: [] for name in KERNELS}
    memory: dict[str, list[tuple[float, float]]] = {name: [] for name in KERNELS}
    for _ in range(12):
        for name in KERNELS:
            seconds, resident, proportional = first_reply(argv[name])
            starts[name].append(seconds)
            memory[name].append((resident, proportional))
    starts = {name: times[1:] for name, times in starts.items()}  # the first compiles
    show("spawn to the first reply, by a bare client", starts)
    promise_ratios("start", starts, {"ipykernel": 0.3, "floor": 1.8})
    print("\nmemory after the first reply")
    for name in KERNELS:
        resident, proportional = map(statistics.median, zip(*memory[name], strict=True))
        print(f"  {name:10} resident {resident:6.1f} MB   proportional {proportional:6.1f} MB")
    megabytes = {name: [resident for resident, _ in held] for name, held in memory.items()}
    promise_ratios("resident memory", megabytes, {"ipykernel": 0.75})
    megabytes = {name: [proportional for _, proportional in held] for name, held in memory.items()}
    promise_ratios("proportional memory", megabytes, {"ipykernel": 0.75})


def measure(folder: Path, rounds: int) -> None:
    """Starts, round trips, completions and prints of each kernel."""
    measure_starts(folder)
    with contextlib.ExitStack() as stack:
        clients = {name: stack.enter_context(started(name)) for name in (*KERNELS, OF_TWO)}
        trips = in_turns(clients, lambda c: answer(c, c.execute("1+1")), rounds, 50)
        show("round trip of 1+1, reply", trips)
        promise_ratios("1+1", trips, {"ipykernel": 0.2, "floor": 1.4})
        promise_ratios("1+1, p99", trips, {"ipykernel": 0.5, "floor": 2.0}, 0.99)
        del clients["floor"], clients[OF_TWO]
        code = "import numpy as np"
        for client in clients.values():
            finished(client, client.execute(code))
        completions = in_turns(
            clients, lambda c: answer(c, c.complete("np.linalg.s", 11)), rounds, 10
        )
        show("complete np.linalg.s", completions)
        promise_ratios("complete", completions, {"ipykernel": 0.25})
        prints = "for i in range(200_000): print(i)"
        printed = in_turns(clients, lambda c: finished(c, c.execute(prints)), 5, 1)
        show("200,000 prints, to the idle status", printed)
        promise_ratios("200,000 prints", printed, {"ipykernel": 0.5})
        sleeps = in_turns(clients, interrupted_sleep, 20, 1)
        show("interrupt of time.sleep, to the reply", sleeps)
        promise_ratios("interrupt of time.sleep", sleeps, {"ipykernel": 0.5})
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


@contextlib.contextmanager
def own_folders() -> Iterator[Path]:
    """A folder that is this process's home for sessions and kernels, and goes with them."""
    folder = Path(tempfile.mkdtemp(prefix="vb-"))
    for name in ("RUNTIME_DIR", "STATE_HOME", "DATA_HOME", "CONFIG_HOME", "CACHE_HOME"):
        target = folder / name.lower()
        target.mkdir(mode=0o700)
        os.environ[f"XDG_{name}"] = str(target)
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "jupyter")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(rounds: int) -> None:
    """Measure and print, in folders of our own."""
    with own_folders() as folder:
        write_kernelspecs(folder)
        measure(folder, rounds)
