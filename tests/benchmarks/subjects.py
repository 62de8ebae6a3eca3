"""What is measured inside a shell's own process; run by ``shells.py`` in the peers' interpreter.

``subjects.py CONTESTANT MEASURE FOLDER ROUNDS`` prints JSON: the seconds of each named step.
Nothing is imported above the contestant: what it needs itself is part of its start.
"""

from __future__ import annotations

import functools
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Seconds = dict[str, list[float]]

RECURSIVE = "def rec(n):\n    own = [n] * 100\n    return rec(n - 1) if n else 1 / 0"
TABLE = "def use(table):\n    view = table\n    return table.nothing_like_it + view"


class Silent:
    """A front end that shows nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *words, **options: None


def in_turns(
    actions: dict[str, Callable[[], object]],
    rounds: int,
    *,
    warm: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Seconds:
    """The seconds of each action, called in turns; the first turns do not count."""
    found: Seconds = {name: [] for name in actions}
    for turn in range(warm + rounds):
        for name, action in actions.items():
            start = clock()
            action()
            if turn >= warm:
                found[name].append(clock() - start)
    return found


class Vivo:
    """vivo's shell, its history in a file."""

    def __init__(self, folder: str) -> None:
        from vivo.core import History, Shell

        self.path = f"{folder}/vivo.sqlite"
        front_end: Any = Silent()
        self.shell = Shell(front_end=front_end, history=History(self.path))
        self.namespace: dict[str, Any] = self.shell.namespace

    def run(self, source: str) -> None:
        self.shell.run_cell(source)

    def transform(self, source: str) -> None:
        self.shell.transform_cell(source)

    def complete(self, text: str) -> None:
        assert self.shell.complete(text).items

    def open_history(self) -> None:
        from vivo.core import History

        history = History(self.path)
        assert history.session
        history.close()

    def search(self, pattern: str, unique: bool) -> None:
        self.shell.history.search(pattern, unique=unique)

    def recall(self, prefix: str) -> None:
        self.shell.history.search(f"{prefix}*", count=1)


class IPython:
    """IPython's shell, with its own history."""

    def __init__(self, folder: str) -> None:
        import os

        os.environ["IPYTHONDIR"] = f"{folder}/ipython"
        from IPython.core.interactiveshell import InteractiveShell

        self.shell = InteractiveShell.instance()
        self.namespace: dict[str, Any] = self.shell.user_ns

    def run(self, source: str) -> None:
        self.shell.run_cell(source, store_history=True)

    def transform(self, source: str) -> None:
        self.shell.transform_cell(source)

    def complete(self, text: str) -> None:
        self.shell.complete(text)

    def open_history(self) -> None:
        from IPython.core.history import HistoryManager

        HistoryManager(shell=self.shell, hist_file=self.shell.history_manager.hist_file)

    def search(self, pattern: str, unique: bool) -> None:
        list(self.shell.history_manager.search(pattern, unique=unique))

    def recall(self, prefix: str) -> None:
        list(self.shell.history_manager.search(f"{prefix}*", n=1))


class Floor:
    """The least that does the same: Python's own compiler, a list, one query."""

    def __init__(self, folder: str) -> None:
        import ast
        import sqlite3

        self.namespace: dict[str, Any] = {}
        self.parse = ast.parse
        self.path = f"{folder}/vivo.sqlite"
        self.connect: Any = sqlite3.connect

    def run(self, source: str) -> None:
        self.parse(source)
        repr(eval(compile(source, "<cell>", "eval"), self.namespace))

    def complete(self, text: str) -> None:
        assert [name for name in tuple(self.namespace) if name.startswith(text)]

    def open_history(self) -> None:
        connection = self.connect(self.path)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.close()

    def search(self, pattern: str, unique: bool) -> None:
        connection = self.connect(self.path)
        what = "DISTINCT source" if unique else "session, line, source"
        connection.execute(f"SELECT {what} FROM history WHERE source GLOB ?", (pattern,)).fetchall()
        connection.close()

    def recall(self, prefix: str) -> None:
        self.search(f"{prefix}*", False)


def start(subject: Any, began: float, rounds: int) -> Seconds:
    """From the first import to a shell, to its first value, and more values."""
    made = {"import and shell": [time.perf_counter() - began]}
    first = in_turns({"first run_cell('1')": lambda: subject.run("1")}, 1, warm=0)
    return made | first | in_turns({"run_cell('1')": lambda: subject.run("1")}, rounds)


def transform(subject: Any, began: float, rounds: int) -> Seconds:
    """Cells of magics alone, and of magics in turns with Python."""
    counts = (60, 120) if isinstance(subject, IPython) else (1000, 2000)
    actions = {}
    for kind, lines in (("magics", ["%time f()"] * 2), ("mixed", ["x = f(1)", "%time f()"])):
        for count in counts:
            text = "\n".join(lines * (count // 2))
            actions[f"{kind} {count}"] = functools.partial(subject.transform, text)
    return in_turns(actions, rounds, clock=time.process_time)  # the curve is what counts


def complete(subject: Any, began: float, rounds: int) -> Seconds:
    """In a namespace of a hundred thousand names: some match, and all do."""
    subject.namespace.update({f"name_{number}": number for number in range(100_000)})
    texts = ("name_9999", "na")
    return in_turns({text: functools.partial(subject.complete, text) for text in texts}, rounds)


def history(subject: Any, began: float, rounds: int) -> Seconds:
    """A million inputs: open, look for a few, for none, for different ones; recall by prefix."""
    search, recall = subject.search, subject.recall
    actions = {
        "open": subject.open_history,
        "-g, few match": lambda: search("*alpha_4999*", False),
        "-g, none match": lambda: search("*nothing like it*", False),
        "-g, 25,000 match": lambda: search("*alpha_*", False),
        "-g -u, 25,000 match": lambda: search("*alpha_*", True),
        "-g -u, 200,000 alike": lambda: search("*numpy*", True),
        "recall, found": lambda: recall("beta_49"),
        "recall, none": lambda: recall("nothing"),
    }
    return in_turns(actions, rounds)


def traceback(subject: Any, began: float, rounds: int) -> Seconds:
    """Verbose tracebacks, the failing cell included."""
    import contextlib
    import io

    import numpy
    import pandas

    sys.setrecursionlimit(20_000)
    subject.namespace["numbers"] = pandas.DataFrame(numpy.random.rand(10_000_000, 10))
    words = numpy.array(["text"] * 2_000_000, dtype=object)
    subject.namespace["words"] = pandas.DataFrame(dict.fromkeys("abc", words), dtype=object)
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in ("%xmode Verbose", RECURSIVE, TABLE):
            subject.run(cell)
        cells = {
            "3,000 frames": "rec(3000)",
            "10,000,000 × 10 numbers": "use(numbers)",
            "2,000,000 × 3 objects": "use(words)",
        }
        run = functools.partial
        return in_turns({name: run(subject.run, cell) for name, cell in cells.items()}, rounds)


CONTESTANTS: dict[str, Any] = {"vivo": Vivo, "ipython": IPython, "floor": Floor}
MEASURES = {
    each.__name__: each for each in (start, transform, complete, history, traceback)
}  # fmt: skip


def main() -> None:
    contestant, measure, folder, rounds = sys.argv[1:]
    began = time.perf_counter()
    subject = CONTESTANTS[contestant](folder)
    # What a shell prints is not measured, and not wanted among the figures.
    output, sys.stdout = sys.stdout, open("/dev/null", "w")  # noqa: SIM115
    found = MEASURES[measure](subject, began, int(rounds))
    import json

    json.dump(found, output)


if __name__ == "__main__":
    main()
