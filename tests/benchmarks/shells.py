"""The shell as a library beside IPython's and a floor: start, cells, and what grows with size.

Each measure runs in a process of its own, the contestants in turns.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import histories
from peers import environment, prepare_peers
from report import Times, fastest_of, median_of, promise, show

SUBJECTS = Path(__file__).with_name("subjects.py")
ALL = ("vivo", "ipython", "floor")


def measured(
    measure: str,
    folder: Path,
    contestants: Iterable[str],
    *,
    rounds: int,
    peers_rounds: int,
    processes: int = 1,
) -> dict[str, Times]:
    """The seconds of each step of a measure, of each contestant.

    IPython, for which some measures take minutes, runs ``peers_rounds``. Where there are several
    processes the first one, which finds no byte code and a cold disk, does not count.
    """
    python = str(prepare_peers())
    found: dict[str, Times] = {}
    for turn in range(processes + (processes > 1)):
        for name in contestants:
            count = peers_rounds if name == "ipython" else rounds
            words = [python, str(SUBJECTS), name, measure, str(folder), str(count)]
            done = subprocess.run(
                words, env=environment(), check=True, capture_output=True, timeout=600
            )
            if turn > 0 or processes == 1:
                for step, times in json.loads(done.stdout).items():
                    found.setdefault(step, {}).setdefault(name, []).extend(times)
    return found


def run() -> None:
    """Measure and print everything."""
    with tempfile.TemporaryDirectory(prefix="vb-") as name:
        folder = Path(name)
        start(folder)
        transform(folder)
        complete(folder)
        history(folder)
        traceback(folder)


def start(folder: Path) -> None:
    found = measured("start", folder, ALL, rounds=200, peers_rounds=100, processes=20)
    for step, times in found.items():
        show(step, times)
    for step in ("import and shell", "run_cell('1')"):
        ratio = median_of(found[step], "vivo") / median_of(found[step], "ipython")
        promise(f"{step}, to IPython's", ratio, 0.5)


def transform(folder: Path) -> None:
    found = measured("transform", folder, ("vivo", "ipython"), rounds=20, peers_rounds=3)
    for step, times in found.items():
        show(f"transform lines, {step}", times)
    for kind in ("magics", "mixed"):
        for name, few, many in (("vivo", 1000, 2000), ("ipython", 60, 120)):
            # Of the fastest runs: noise that lasts for seconds would look like a curve.
            ratio = min(found[f"{kind} {many}"][name]) / min(found[f"{kind} {few}"][name])
            what = f"{kind}: {many} lines to {few}"
            if name == "vivo":
                promise(what, ratio, 2.3)
            else:
                print(f"  {name}: {what}: {ratio:.2f}")


def complete(folder: Path) -> None:
    found = measured("complete", folder, ALL, rounds=40, peers_rounds=1)
    for text, times in found.items():
        show(f"complete {text!r} among 100,000 names", times)
        promise("completion", fastest_of(times, "vivo"), 20, " ms")


def history(folder: Path) -> None:
    folder = folder / "history"
    folder.mkdir()
    measured(
        "start", folder, ("vivo", "ipython"), rounds=1, peers_rounds=1
    )  # both begin their files
    histories.fill_vivo(folder / "vivo.sqlite")
    histories.fill_ipython(folder / "ipython" / "profile_default" / "history.sqlite")
    found = measured("history", folder, ALL, rounds=8, peers_rounds=3, processes=4)
    for step, times in found.items():
        show(f"a history of 1,000,000 inputs: {step}", times)
        limit = 50 if step == "open" else 200
        promise(step, fastest_of(times, "vivo"), limit, " ms")


def traceback(folder: Path) -> None:
    found = measured("traceback", folder, ("vivo", "ipython"), rounds=10, peers_rounds=1)
    for step, times in found.items():
        show(f"a cell that fails, Verbose: {step}", times)
        promise(step, fastest_of(times, "vivo"), 300, " ms")
