"""What a session holds on to: values within a budget, and nothing that was deleted."""

from __future__ import annotations

import collections
import gc
import mmap
import subprocess
import sys
import tracemalloc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from vivo.core import Shell
from vivo.core.results import ResultStore
from vivo.core.sizes import size_of

MEGABYTE = 2**20


class Held:
    """An object whose life can be watched."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    """An object without a ``__dict__``."""

    __slots__ = ("frame",)

    def __init__(self, frame: object) -> None:
        self.frame = frame


class Frame:
    """What tables of other libraries look like from outside: columns, and a size of its own."""

    def __init__(self) -> None:
        self._columns = {"a": np.zeros(MEGABYTE // 8), "b": np.zeros(MEGABYTE // 8)}

    @property
    def nbytes(self) -> int:
        raise AssertionError("a property of the user's must not be asked")


def recursive() -> list[Any]:
    made: list[Any] = [bytes(MEGABYTE)]
    made.append(made)
    return made


@pytest.mark.parametrize(
    ("make", "megabytes"),
    [
        (lambda: bytes(MEGABYTE), 1),
        (lambda: bytearray(MEGABYTE), 1),
        (lambda: "x" * MEGABYTE, 1),
        (lambda: memoryview(bytearray(MEGABYTE))[:10], 1),
        (lambda: np.zeros(MEGABYTE, dtype="u1"), 1),
        (lambda: np.zeros(MEGABYTE, dtype="u1")[:10], 1),
        (lambda: np.frombuffer(bytes(MEGABYTE), dtype="u1"), 1),
        (lambda: np.array([bytes(1024) + b"%d" % n for n in range(1024)], dtype=object), 1),
        (lambda: [bytes(MEGABYTE) for _ in range(3)], 3),
        (lambda: {"a": {"b": [bytes(MEGABYTE)]}, "c": (np.zeros(MEGABYTE // 8),)}, 2),
        (lambda: collections.deque([bytes(MEGABYTE)]), 1),
        (lambda: collections.OrderedDict(a=bytes(MEGABYTE)), 1),
        (lambda: Held(data=bytes(MEGABYTE)), 1),
        (lambda: Slotted(Held(data=bytes(MEGABYTE))), 1),
        (Frame, 2),
        (lambda: [bytes(1024) + b"%d" % n for n in range(100 * 1024)], 100),
        (lambda: [[float(n + m) for n in range(1024)] for m in range(1024)], 32),
        (recursive, 1),
        # What takes no memory of its own:
        (lambda: np.broadcast_to(np.float64(1), (10**6, 10**6)), 0),
        (lambda: mmap.mmap(-1, MEGABYTE), 0),
        (lambda: [np, Held, globals(), size_of, sys.modules[__name__]], 0),
        (lambda: 1, 0),
    ],
)  # fmt: skip
def test_a_values_bytes_are_those_it_keeps_alive(make: Any, megabytes: int) -> None:
    """Buffers, what a view looks into, what containers and objects hold."""
    assert size_of(make()) / MEGABYTE == pytest.approx(megabytes, rel=0.2, abs=0.01)


def test_what_is_there_once_counts_once() -> None:
    """Also if many names and many views lead to it."""
    array = np.zeros(MEGABYTE, dtype="u1")
    views = [array, array[:10], array.reshape(2, -1), {"again": array}, memoryview(array)]
    assert size_of(views) / MEGABYTE == pytest.approx(1, rel=0.01)


def test_a_mapped_file_counts_nothing(tmp_path: Path) -> None:
    """The system may drop its pages whenever it likes."""
    mapped = np.memmap(tmp_path / "file", dtype="u1", mode="w+", shape=(MEGABYTE,))
    assert size_of(mapped) < 1000
    assert size_of(mapped[:5]) < 1000


def test_measuring_runs_no_user_code() -> None:
    """Whatever a class and its metaclass define, an estimate comes and nothing is sprung."""
    sprung: list[str] = []

    def spring(name: str) -> Any:
        def trap(*_: Any, **__: Any) -> Any:
            sprung.append(name)
            raise RuntimeError(name)

        return trap

    names = ("__sizeof__", "__len__", "__iter__", "__eq__", "__hash__", "__getattr__", "__bool__",
             "__getattribute__", "__getitem__", "keys", "values", "items")  # fmt: skip
    traps = {name: spring(name) for name in names}
    meta = type("Meta", (type,), {**traps, "__module__": property(spring("__module__"))})
    own = {**traps, "nbytes": property(spring("nbytes")), "__class__": property(spring("class"))}
    bases: tuple[Any, ...] = (object, list, dict, tuple, set)
    values = [base.__new__(type.__new__(meta, "T", (base,), own)) for base in bases]
    list.append(values[1], bytes(MEGABYTE))
    assert size_of(values) > MEGABYTE
    assert size_of(values[0]) > 0
    assert sprung == []


def test_measuring_looks_at_a_few_thousand_objects_at_most() -> None:
    """A value of ten million parts costs no more to keep than one of two thousand."""

    def looked_at(value: object) -> int:
        """How many function calls an estimate takes."""
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            size_of(value)
        finally:
            sys.setprofile(None)
        return calls

    wide = [[Held(x=[number]) for number in range(50)] for _ in range(2000)]
    assert looked_at(wide) < 2.5 * looked_at(wide[:40])
    deep: Any = None
    for _ in range(100_000):
        deep = (deep,)
    assert looked_at(deep) < looked_at(wide)
    while deep is not None:  # taken apart by hand: to free it at once would recurse
        (deep,) = deep


def test_the_oldest_values_go_when_the_bytes_are_too_many(shell: Shell) -> None:
    """The budget of bytes sees an array's buffer, also inside a container; the newest stays."""
    shell.run_cell("%config maximum_result_bytes = 10_000_000")
    shell.run_cell("import numpy as np")
    shell.run_cell("{'first': np.zeros(4_000_000, dtype='u1')}")
    first = weakref.ref(shell.namespace["_3"]["first"])
    for _ in range(3):
        shell.run_cell("{'next': np.zeros(4_000_000, dtype='u1')}")
    assert first() is None
    assert sorted(shell.namespace["Out"]) == [5, 6]
    shell.run_cell("np.zeros(50_000_000, dtype='u1')")
    assert sorted(shell.namespace["Out"]) == [7]
    shell.run_cell("'small'")
    assert sorted(shell.namespace["Out"]) == [8]


def test_a_smaller_budget_holds_at_once(shell: Shell) -> None:
    """Who lowers a limit wants the memory now, not at the next value."""
    for number in range(6):
        shell.run_cell(f"'value {number}'")
    shell.run_cell("%config maximum_results = 2")
    assert sorted(shell.namespace["Out"]) == [5, 6]
    assert "_4" not in shell.namespace


def test_inputs_cost_little_however_many_there_are(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All stay in In, a text once; the newest have names, and a user's own value keeps its."""
    monkeypatch.setattr("vivo.core.results.NAMED_INPUTS", 3)
    shell.run_cell("_i2 = 'mine'")
    for number in range(2, 7):
        shell.run_cell("".join(["x = ", str(number % 2)]))
    inputs = shell.namespace["In"]
    assert inputs == ["", "_i2 = 'mine'", *("x = 0", "x = 1") * 2, "x = 0"]
    assert len({id(each) for each in inputs[2:]}) == 2
    names = [name for name in shell.namespace if name[:2] == "_i" and name[2:].isdigit()]
    assert (names, shell.namespace["_i6"]) == (["_i4", "_i5", "_i6"], "x = 0")
    shell.run_cell("_i4 = 'mine'")
    shell.run_cell("x = 1")
    assert shell.namespace["_i4"] == "mine"


class AnyUseOfOut(RuleBasedStateMachine):
    """Values come, and are deleted in every way there is, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.namespace: dict[str, Any] = {}
        self.store = ResultStore(self.namespace, maximum_count=5, maximum_bytes=3 * MEGABYTE)
        self.number = 0
        self.made: dict[int, weakref.ref[Held]] = {}
        self.deleted: set[int] = set()

    @rule(kilobytes=st.sampled_from([0, 500, 2000]))
    def show(self, kilobytes: int) -> None:
        self.number += 1
        value = Held(data=bytes(kilobytes * 1024))
        self.made[self.number] = weakref.ref(value)
        self.store.add_value(self.number, value)

    @rule(number=st.integers(1, 12), where=st.sampled_from(["name", "Out", "object"]))
    def delete(self, number: int, where: str) -> None:
        if number not in self.store.outputs:
            return
        self.deleted.add(number)
        if where == "name":
            self.namespace.pop(f"_{number}", None)
        elif where == "Out":
            del self.namespace["Out"][number]
        else:
            self.store.free_object(self.namespace["Out"][number])
        self.store.follow_deletions()

    @rule()
    def clear(self) -> None:
        self.deleted |= set(self.store.outputs)
        self.store.clear()

    @invariant()
    def is_consistent(self) -> None:
        self.store.validate()
        assert len(self.store.outputs) <= 5
        sizes = [size_of(value) for value in self.store.outputs.values()]
        assert len(sizes) < 2 or sum(sizes) <= 3 * MEGABYTE

    @invariant()
    def holds_what_is_in_out_alone(self) -> None:
        last = [self.namespace.get(name) for name in ("_", "__", "___")]
        for number, value in self.made.items():
            if number in self.store.outputs:
                assert self.namespace[f"_{number}"] is value()
            else:
                assert value() is None or value() in last
                assert number not in self.deleted or value() is None


TestAnyUseOfOut = AnyUseOfOut.TestCase
TestAnyUseOfOut.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize(
    "delete",
    ["del _3", "del Out[3]", "%xdel kept", "Out.clear()", "%reset -f out", "%reset -f",
     "%reset_selective -f ^kept$; del _3", "_ = __ = ___ = 0; Out.pop(3);"],
)  # fmt: skip
def test_every_way_to_delete_frees_the_object(shell: Shell, delete: str) -> None:
    """Nothing of the shell's holds a value that the user has let go of."""
    shell.run_cell("class Big: pass")
    shell.run_cell("if True: kept = Big()")
    shell.run_cell("kept" if "kept" in delete else "Big()")
    shell.run_cell("1")
    gone = weakref.ref(shell.namespace["_3"])
    for part in delete.split("; "):
        assert shell.run_cell(part).error is None
    if "kept" not in delete:
        shell.run_cell("%reset_selective -f kept")
    gc.collect()
    assert gone() is None
    assert 3 not in shell.namespace.get("Out", {})
    assert shell.run_cell("'next'").value == "next"


def test_reset_forgets_what_is_asked_for(shell: Shell, shown: Any, capsys: Any) -> None:
    """All, or the inputs, the results, the arrays; a word it does not know is told."""
    shell.run_cell("import numpy as np\n_private = 1\ntable = np.zeros(3)\ntable")
    assert "knows out" in (shell.run_cell("%reset -f outs").report or shown).message
    shell.run_cell("%reset -f array")
    assert "table" not in shell.namespace
    assert 1 in shell.namespace["Out"]
    shell.run_cell("%reset -f in")
    assert not any(shell.namespace["In"][:5])
    assert "_i1" not in shell.namespace
    shell.run_cell("%reset -f -s")
    assert "_private" not in shell.namespace
    assert 1 in shell.namespace["Out"]
    shown.answers = ["n", "y"]
    shell.run_cell("x = 1")
    shell.run_cell("%reset")
    assert "x" in shell.namespace
    shell.run_cell("%reset")
    assert "x" not in shell.namespace
    assert shell.namespace["Out"] == {}
    assert "Nothing is forgotten." in capsys.readouterr().out
    assert shell.run_cell("get_ipython() is not None, __name__").value == (True, "__main__")


RSS = """
import gc, sys
import psutil
from vivo.core import Shell

class Silent:
    def __getattr__(self, name):
        return lambda *words, **options: None

def resident():
    return psutil.Process().memory_info().rss / 1e6

shell = Shell(front_end=Silent())
shell.run_cell("import numpy as np")
shell.run_cell("np.ones(3)")
for show, delete in {ways!r}:
    before = resident()
    number = shell.execution_count
    shell.run_cell(show)
    held = resident()
    assert shell.run_cell(delete.replace("_N", f"_{{number}}")).error is None
    print(round(held - before), round(resident() - before))
shell.close()
"""


def test_deleting_half_a_gigabyte_gives_it_back_to_the_system(home: Path) -> None:
    """Seen from outside, as a user sees it: the process's resident memory falls again."""
    array = "np.ones(500_000_000 // 8)"
    ways = [
        (array, "del _N"),
        (f"big = {array}; big", "%xdel big"),
        ("bytearray(b'x') * 500_000_000", "%reset -f out"),
        (f"def fail():\n    local = {array}\n    1 / 0\n\nfail()", "1"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", RSS.format(ways=ways)],
        check=False,
        capture_output=True,
        text=True,
        timeout=80,
    )
    assert done.returncode == 0, done.stderr
    figures = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(figures) == len(ways)
    for held, left in figures:
        assert held > 450, figures
        assert left < 50, figures


def test_cells_that_fail_and_show_again_and_again_hold_nothing(shell: Shell) -> None:
    """An afternoon of errors, displays and tracebacks leaves no object of theirs behind."""
    shell.run_cell("class Big: pass\ndef fail(depth):\n    own = Big()\n    return fail(depth - 1)")
    shell.run_cell("%config maximum_results = 3")

    def round_of_work() -> None:
        shell.run_cell("fail(20)")
        shell.run_cell("try:\n    fail(5)\nexcept RecursionError:\n    raise ValueError from None")
        shell.run_cell("Big()")
        shell.run_cell("%tb")
        shell.run_cell("fail.own.x?")
        shell.complete("fail.")

    def alive() -> int:
        gc.collect()
        return sum(type(each).__name__ == "Big" for each in gc.get_objects())

    round_of_work()
    shell.run_cell("1")
    before = alive()
    for _ in range(20):
        round_of_work()
    shell.run_cell("1")
    assert alive() <= max(before, 3)


def test_a_thousand_cells_cost_their_texts_and_little_more(shell: Shell) -> None:
    """What is kept of a cell is its text, for history and getsource: some kilobytes."""
    for number in range(50):
        shell.run_cell(f"x = {number}; x + 1")
    shell.run_cell("%config maximum_results = 10")
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(300):
            shell.run_cell(f"x = {number}; x + 1")
            shell.front_end.shown.clear()  # type: ignore[attr-defined]
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown / 300 < 4096
