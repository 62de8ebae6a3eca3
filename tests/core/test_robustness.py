"""What no input and no object may do: change valid Python, run where it must not, never end."""

from __future__ import annotations

import functools
import json
import signal
import sys
import sysconfig
import threading
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.core import Shell
from vivo.core.completer import MAXIMUM_ITEMS
from vivo.core.safe import attribute, attribute_names, column_names, safe_repr, summary

SKIPPED = {"test", "tests", "site-packages", "lib2to3", "idlelib", "__pycache__"}


def standard_library() -> Iterator[Path]:
    """The files of the standard library, its own tests left out."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        if not SKIPPED & set(path.relative_to(root).parts):
            yield path


def test_no_file_of_the_standard_library_is_changed(shell: Shell) -> None:
    """As cells they are valid Python, and stay what they are, automagic and all."""
    changed, count = [], 0
    for path in standard_library():
        try:
            source = path.read_text("utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(source, str(path), "exec")
        except (SyntaxError, UnicodeDecodeError):
            continue
        count += 1
        if shell.transform_cell(source) != source:
            changed.append(path.name)
    assert changed == []
    assert count > 300


TYPED = st.lists(
    st.sampled_from(
        [
            *("%time x", "!ls {x} $y", "x = !cmd", "x = %magic a b", "f?", "?f", "%%bash"),
            *("if x:", "    y", "\ty", "'''", '"', "(", ")", "\\", "#", "%", "!", "?", "??"),
            *(",f a", ";f a", "/f a", "In [1]: x", ">>> x", "... y", "ls -l", "cd .."),
            *("x = 3 % 2", "x != y", "print(f'{x!r}')", "lambda: %time", "\x0c", "\r", "é"),
        ]
    ),
    max_size=8,
)


@settings(max_examples=400, deadline=None)
@given(TYPED)
def test_whatever_is_typed_keeps_its_lines_and_raises_nothing(parts: list[str]) -> None:
    """Pieces of every rule, in any order: as many lines come out as went in."""
    global_shell = _shell()
    source = "\n".join(parts)
    written = global_shell.transform_cell(source)
    assert isinstance(written, str)
    if "run_cell_magic" not in written:
        assert written.count("\n") == source.count("\n")
    global_shell.is_complete(source)
    global_shell.complete(source)


_made: list[Shell] = []


def _shell() -> Shell:
    if not _made:
        _made.append(Shell())
    return _made[0]


def test_two_thousand_magic_lines_cost_twice_a_thousand(shell: Shell) -> None:
    """Linear: counted in calls of the tokenizer and the rules, not in seconds."""
    calls = [0]

    def count(frame: Any, event: str, argument: Any) -> None:
        calls[0] += event == "call"

    counts = []
    for lines in (1000, 2000):
        source = "%time f()\nx = 1\n!ls\n" * lines
        calls[0] = 0
        sys.setprofile(count)
        shell.transform_cell(source)
        sys.setprofile(None)
        counts.append(calls[0])
    assert counts[1] < counts[0] * 2.2


class Sprung(BaseException):
    """What a trap raises: no ``except Exception`` hides it."""


def trap(*_: Any, **__: Any) -> Any:
    """Stands for any code of the user's."""
    raise Sprung


NAMES = (
    *("__getattr__", "__getattribute__", "__repr__", "__str__", "__dir__", "__eq__", "__ne__"),
    *("__hash__", "__len__", "__bool__", "__iter__", "__getitem__", "__call__", "__format__"),
    *("__sizeof__", "__reduce_ex__", "__contains__", "__index__", "__int__", "__float__"),
    *("__missing__", "__set_name__", "__length_hint__", "__instancecheck__", "__subclasscheck__"),
    *("__lt__", "__next__", "__reversed__", "__copy__", "__get__", "__mro_entries__", "__bytes__"),
)
HELD = ("__doc__", "__signature__", "__wrapped__", "__module__", "__name__", "__annotations__")


def hostile_objects() -> dict[str, Any]:
    """Objects whose every way in is user code."""
    traps = dict.fromkeys(NAMES, trap)
    every = type("Every", (), {**traps, "prop": property(trap), "__class__": property(trap)})
    found: dict[str, Any] = {"every": object.__new__(every)}
    for name in NAMES:
        found[f"only{name}"] = object.__new__(type(f"Only{name}", (), {name: trap}))
    for name in HELD:
        found[f"held{name}"] = object.__new__(type("Held", (), {name: property(trap)}))
    for base in (list, dict, tuple, str, int, float, bytes, set, frozenset):
        kind = type(f"Sub{base.__name__}", (base,), traps)
        found[f"sub_{base.__name__}"] = base.__new__(kind)
    found["lying"] = object.__new__(type("Lying", (), {"__dict__": property(trap), "a": 1}))
    found["described"] = object.__new__(
        type("Described", (), {"field": type("D", (), {"__get__": trap, "__set__": trap})()})
    )
    found["slotted"] = object.__new__(type("Slotted", (), {"__slots__": ("x",), **traps}))
    found["impostor"] = object.__new__(
        type("ndarray", (), {**traps, "__module__": "numpy", "columns": property(trap)})
    )
    found["frame"] = object.__new__(
        type("DataFrame", (), {"__module__": "pandas", "columns": property(trap), "shape": trap})
    )
    return found


def hostile_classes() -> dict[str, Any]:
    """Classes whose metaclass answers for everything, and objects of them."""
    known = ("__setattr__", "__init__", "__new__", "__set_name__", "__mro_entries__")
    traps = {name: trap for name in NAMES if name not in known}
    made = type("Meta", (type,), {**traps, "__doc__": property(trap), "__module__": "m"})
    plain = type.__call__(made, "OfMeta", (), {"prop": property(trap), "__doc__": 3})
    names = {"__module__": object(), "__qualname__": "Odd"}
    return {
        "meta": plain,
        "of_meta": object.__new__(plain),
        "list_of_meta": list.__new__(type.__call__(made, "List", (list,), {})),
        "odd": type("Odd", (), names),
    }


def hostile_functions() -> dict[str, Any]:
    """Functions, methods and modules whose attributes are traps, or a ring."""
    every = object.__new__(type("Every", (), dict.fromkeys(NAMES, trap)))

    def ring() -> None: ...
    def signed(a: int, b: int = 3) -> None: ...
    def wrapped() -> None: ...
    def named() -> None: ...
    def defaulted(a: Any = every, *, b: Any = every) -> Any: ...
    def annotated(a: every) -> every: ...  # type: ignore[valid-type]
    def listed() -> None: ...

    hidden = dict.fromkeys(("__isabstractmethod__", "__name__"), property(trap))
    abstract: Any = type("Abstract", (), hidden)()
    ring.__wrapped__ = ring  # type: ignore[attr-defined]
    signed.__signature__ = every  # type: ignore[attr-defined]
    wrapped.__wrapped__ = every  # type: ignore[attr-defined]
    named.__doc__ = named.__module__ = every
    listed.__annotations__ = type("Names", (dict,), dict.fromkeys(NAMES[4:10], trap))(x=1)
    module = types.ModuleType("trapped_module")
    module.__getattr__ = trap  # type: ignore[method-assign]
    module.__file__ = module.__path__ = module.__name__ = every
    return {
        "ring": ring,
        "signed": signed,
        "wrapped": wrapped,
        "named": named,
        "defaulted": defaulted,
        "annotated": annotated,
        "listed": listed,
        "method": types.MethodType(every, every),
        "partial": functools.partial(wrapped, every, key=every),
        "cached": functools.lru_cache(wrapped),
        "module": module,
        "property": property(abstract),
        "alias": types.GenericAlias(list, (every,)),
        "keys": {(every_key(),): every, (1, every_key()): 2, "text": every, every_key(): 1},
    }


def every_key() -> Any:
    """A key that has a hash, and is a trap otherwise."""
    names = [name for name in NAMES if name != "__hash__"]
    return type("Key", (), {**dict.fromkeys(names, trap), "__hash__": lambda self: 1})()


def booby_trapped() -> dict[str, Any]:
    """Every one of them by a name."""
    return {**hostile_objects(), **hostile_classes(), **hostile_functions()}


@pytest.mark.parametrize("name", sorted(booby_trapped()))
def test_the_lane_runs_no_code_of_an_object(shell: Shell, name: str) -> None:
    """Completion, inspection, a text, the facts: none of them springs a trap, none hangs."""
    value = booby_trapped()[name]
    namespace = shell.namespace
    namespace["trapped"] = value
    dict.__setitem__(namespace, "held", {"inside": value, 1: [value]})
    for text in (
        *("trapped.", "trapped.p", "trapped.field.", "trapped[", "trapped['", "trapped(", "tra"),
        *("held['inside'].", "held[", "held[1][0].", "trapped.prop.", "print(trapped", "trapped?"),
    ):
        shell.complete(text)
        shell.is_complete(text)
    for expression in (
        *("trapped", "held", "trapped.prop", "held['inside']", "held[1][0]", "trapped.field"),
        *("trapped.__doc__", "trapped.__class__", "trapped.__dict__", "trapped.__init__"),
    ):
        for detail in (0, 1):
            told = shell.inspect(expression, detail)
            if told is not None:
                told.text()
                json.dumps(told.data())
    safe_repr(value)
    safe_repr([value, {"key": value}])
    summary(value)
    column_names(value)
    for known in list(attribute_names(value))[:200]:
        attribute(value, known)
    shell.user_names()
    namespace.clear()


def test_the_lane_asks_no_module_for_anything(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules that load what they are asked for, and entries of sys.modules that are none."""
    lazy = types.ModuleType("lazy")
    lazy.__getattr__ = trap  # type: ignore[method-assign]
    del lazy.__spec__, lazy.__loader__
    monkeypatch.setitem(sys.modules, "lazy", lazy)
    monkeypatch.setitem(sys.modules, "trapped", booby_trapped()["every"])
    shell.run_cell("def f(x):\n    return x\nclass C:\n    def m(self): pass")
    for expression in ("f", "C", "C.m"):
        told = shell.inspect(expression, 1)
        assert told is not None
        assert told.source is not None
    for text in ("import trapped.", "from trapped import ", "from lazy import ", "import lazy.x"):
        shell.complete(text)


class Endless:
    """Its repr never ends."""

    def __repr__(self) -> str:
        while True:
            pass


class Stubborn:
    """Its repr never ends, and swallows what it can."""

    def __repr__(self) -> str:
        while True:
            try:
                while True:
                    pass
            except Exception:  # noqa: BLE001 - that is what it is for
                pass


class Huge:
    """Its repr is a gigabyte."""

    def __repr__(self) -> str:
        return "x" * 10**9


class Recursive:
    """Its repr asks for itself."""

    def __repr__(self) -> str:
        return f"<{self!r}>"


class Leaving:
    """Its repr ends the program."""

    def __repr__(self) -> str:
        sys.exit(3)


class NoText:
    """Its repr is no text."""

    def __repr__(self) -> str:
        return 3  # type: ignore[return-value]


@pytest.mark.parametrize("kind", [Endless, Stubborn, Huge, Recursive, Leaving, NoText])
def test_a_hostile_repr_is_bounded(shell: Shell, shown: Any, kind: type) -> None:
    """The cell ends, says something, and the session goes on."""
    shell.settings.set("maximum_display_seconds", 1)
    shell.namespace["value"] = kind()
    for source in ("value", "[value]", "{'key': value}"):
        result = shell.run_cell(source)
        assert result.status == "ok"
        text = shown.of("result")[-1]["text/plain"]
        assert 0 < len(text) < 300_000
    assert shell.run_cell("1 + 1").value == 2


def test_a_time_limit_leaves_the_users_own_timer_alone(shell: Shell) -> None:
    """A program that uses SIGALRM itself keeps it."""
    before = signal.getsignal(signal.SIGALRM)
    source = (
        "import signal\nrung = []\n"
        "signal.signal(signal.SIGALRM, lambda *_: rung.append(1))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)"
    )
    assert shell.run_cell(source).status == "ok"
    shell.run_cell("class A: pass\nA()")
    shell.run_cell("import time\nwhile not rung: time.sleep(0.01)")
    signal.signal(signal.SIGALRM, before)
    assert shell.namespace["rung"] == [1]


def test_pretty_printing_is_bounded(shell: Shell, shown: Any) -> None:
    """Deep, long, wide and self-referencing structures."""
    shell.run_cell("deep = []\nfor _ in range(100_000): deep = [deep]\ndeep")
    shell.run_cell("list(range(10_000_000))")
    shell.run_cell("ring = {}\nring['ring'] = [ring, (ring,)]\nring")
    texts = [entry["text/plain"] for entry in shown.of("result")]
    assert len(texts) == 3
    assert all(len(text) < 300_000 for text in texts)
    assert "{...}" in texts[-1]


def test_a_hundred_thousand_names_are_completed_by_the_first_thousand(shell: Shell) -> None:
    """A long list is cut, and says so; a name of choice is found."""
    shell.namespace.update({f"name_{number}": number for number in range(100_000)})
    cut = shell.complete("na")
    assert cut.is_cut
    assert len(cut.items) == MAXIMUM_ITEMS
    found = shell.complete("name_7777")
    assert not found.is_cut
    assert {"name_7777", "name_77770", "name_77779"} <= {item.text for item in found.items}


def test_the_lane_looks_while_another_thread_changes_everything(shell: Shell) -> None:
    """No 'changed size during iteration', whatever main does meanwhile."""
    stop = threading.Event()
    held: dict[str, Any] = {}
    shell.namespace["held"] = held

    def change() -> None:
        number = 0
        while not stop.is_set():
            held[f"key{number % 500}"] = number
            held.pop(f"key{(number * 7) % 500}", None)
            shell.namespace[f"temporary_{number % 50}"] = number
            shell.namespace.pop(f"temporary_{(number * 3) % 50}", None)
            number += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(300):
            shell.complete("held['k")
            shell.complete("temp")
            safe_repr(held)
            shell.inspect("held")
            shell.user_names()
    finally:
        stop.set()
        thread.join()
