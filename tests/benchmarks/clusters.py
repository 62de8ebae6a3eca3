"""vivo's clusters beside ipyparallel, Dask, Ray and loky; the scheduler alone; memory.

Each contestant runs in a process of its own (``pools.py``), in turns with the others, for several
rounds; of what a round has of a measure the median counts, and of the rounds' the median again. The
first round, which finds no byte code and a cold disk, does not count.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
from pathlib import Path

from kernels import own_folders
from peers import prepare_peers
from report import promise

HERE = Path(__file__).parent
CONTESTANTS = ("vivo", "ipyparallel", "dask", "ray", "loky")
MANY = 100_000
_QUICK = {"trips": 50, "warm": 10, "tasks": 500, "pushes": 2}
_SECONDS = 600  # that a contestant may take for a round

Found = dict[str, dict[str, list[float]]]
"""By measure and contestant, a value for each round."""


def run(rounds: int, *, is_quick: bool = False) -> None:
    """Measure and print everything; ``is_quick``: in small counts, to try the benchmark itself."""
    peers = str(prepare_peers())
    with own_folders():
        found = _rounds(peers, rounds, is_quick=is_quick)
        _show(found)
        _memory(is_quick=is_quick)
    _scheduler(is_quick=is_quick)


def _rounds(peers: str, rounds: int, *, is_quick: bool) -> Found:
    found: Found = {}
    for number in range(rounds + 1):
        for name in CONTESTANTS:
            counts = {} if number and not is_quick else dict(_QUICK)
            if name == "vivo" and number:
                counts["many"] = 5000 if is_quick else MANY
            python = sys.executable if name == "vivo" else peers
            told = _program("pools.py", name, json.dumps(counts), python=python)
            for measure, values in told.items() if number else ():
                kept = found.setdefault(measure, {}).setdefault(name, [])
                kept.append(statistics.median(values))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def _program(*words: str, python: str = sys.executable) -> dict[str, list[float]]:
    """What one of the programs here prints. It is ended, with all that it started, if it hangs."""
    process = subprocess.Popen(
        [python, str(HERE / words[0]), *words[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        told, _ = process.communicate(timeout=_SECONDS)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    found: dict[str, list[float]] = json.loads(told.splitlines()[-1])
    return found


def _show(found: Found) -> None:
    medians = {
        measure: {name: statistics.median(values) for name, values in by_name.items()}
        for measure, by_name in found.items()
    }
    for measure, title, limit in (
        ("start", "a cluster of two: from its construction to a call answered by both", 0.2),
        ("one", "no-op call on one engine, to its result", 0.33),
        ("all", "no-op call on all engines, to their results", 0.4),
    ):
        _table(title, found[measure], 1e3, "ms")
        own = medians[measure]["vivo"]
        promise(f"{measure}, vivo / ipyparallel", own / medians[measure]["ipyparallel"], limit)
        for name in ("dask", "ray"):
            promise(f"{measure}, vivo / {name}", own / medians[measure][name], 1.0)
    _table("no-op tasks a second, with their results", found["tasks"], 1, "/s")
    own = medians["tasks"]["vivo"]
    promise("seconds a task, vivo / ipyparallel", medians["tasks"]["ipyparallel"] / own, 0.1)
    for name in ("dask", "ray"):
        promise(f"seconds a task, vivo / {name}", medians["tasks"][name] / own, 1.0)
    _table(f"the same of {MANY:,} tasks", found["many"], 1, "/s")
    ratio = own / medians["many"]["vivo"]
    promise(f"seconds a task, of {MANY:,} / of 10,000", ratio, 1.05)
    pushed = dict(found["push"])
    for way in ("shared memory", "Unix sockets", "loopback"):
        pushed[f"vivo, {way}"] = found[way]["vivo"]
    _table("100 MB array into one engine's namespace", pushed, 1e-9, "GB/s")
    theirs = medians["push"]["ipyparallel"]
    for way, limit in (("shared memory", 1 / 5), ("loopback", 1 / 1.5)):
        promise(f"push by {way}, time to ipyparallel's", theirs / medians[way]["vivo"], limit)


def _table(title: str, rows: dict[str, list[float]], scale: float, unit: str) -> None:
    print(f"\n{title}")
    for name, values in rows.items():
        middle, low, high = (scale * pick(values) for pick in (statistics.median, min, max))
        print(
            f"  {name:20} {middle:10.2f} {unit:5} {low:10.2f} to {high:.2f}, {len(values)} rounds"
        )


def _scheduler(*, is_quick: bool) -> None:
    """The scheduler alone: few engines and tasks, and many of both, in turns."""
    few: list[float] = []
    many: list[float] = []
    large = ("1000", "100000") if is_quick else ("10000", "1000000")
    for _ in range(1 if is_quick else 5):
        few.append(statistics.median(_program("scheduling.py", "10", "1000", "100")["us"]))
        many += _program("scheduling.py", *large)["us"]
    rows = {"10, 1,000": few, ", ".join(f"{int(each):,}" for each in large): many}
    _table("the scheduler's time for a task, by engines and tasks", rows, 1, "µs")
    promise(
        "a decision of many to one of few", statistics.median(many) / statistics.median(few), 1.5
    )


def _memory(*, is_quick: bool) -> None:
    """What each process takes after few calls and tasks, and after many.

    An engine keeps nothing of them. The others remember so many of the last, within bounds that are
    reached here; ``make soak`` goes beyond them.
    """
    counts = ("100", "1000") if is_quick else ("1000", str(MANY))
    told = _program("cluster_memory.py", *counts)
    print(f"\nresident memory, MB: after {counts[0]} tasks, {counts[1]}, and as many calls more")
    for name, values in told.items():
        print(f"  {name:12} " + " ".join(f"{each:8.1f}" for each in values))
    for name in ("keeper", "engine"):
        grown = max(told[name][1:]) - told[name][0]
        promise(f"growth of the {name} by {counts[1]} tasks and as many calls", grown, 4, " MB")
