"""Whatever is edited: the session is as if the new text had been there from the beginning.

Texts are drawn from functions, classes and enums of many kinds. After each edit the module must
answer as a fresh import of its text does, and what was taken from it before must answer the same.
"""

from __future__ import annotations

import importlib
import itertools
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from vivo.core.reloading import ModuleReloader

HEAD = """
import abc, enum, functools
from dataclasses import dataclass, field

def loud(function):
    @functools.wraps(function)
    def inner(*arguments):
        return ("loud", function(*arguments))
    return inner

def numbered(number):
    def decorate(function):
        return lambda *arguments: (number, function(*arguments))
    return decorate

class Held:
    def __init__(self, function): self.__wrapped__ = function
    def __call__(self, *arguments): return ("held", self.__wrapped__(*arguments))
"""
DECORATORS = (
    "",
    "@loud",
    "@functools.lru_cache",
    "@numbered({})",
    "@functools.cache\n@loud",
    "@Held",
)
METHODS = (
    "def {name}(self): return {n}",
    "def {name}(self): return ({n}, super().__init__())",
    "@loud\n    def {name}(self): return {n}",
    "@property\n    def {name}(self): return {n}",
    "@functools.cached_property\n    def {name}(self): return {n}",
    "@staticmethod\n    def {name}(): return {n}",
    "@classmethod\n    def {name}(cls): return (cls.__name__, {n})",
    "{name} = {n}",
    "class {name}:\n        inner = {n}",
)
BODIES = ("return {}", "return (lambda: {})()", "return [x + {} for x in (1, 2)]")

_names = (f"drawn_{number}" for number in itertools.count())


@st.composite
def functions(draw: Any, name: str) -> str:
    number = draw(st.integers(0, 9))
    decorator = draw(st.sampled_from(DECORATORS)).format(number)
    body = draw(st.sampled_from(BODIES)).format(draw(st.integers(0, 9)))
    return f"{decorator}\ndef {name}(a={number}): {body}\n"


@st.composite
def classes(draw: Any, name: str, others: tuple[str, ...]) -> str:
    base = draw(st.sampled_from(("", *others, "abc.ABC")))
    head = draw(st.sampled_from(("", "@dataclass\n", "@functools.total_ordering\n")))
    lines = [f"field{draw(st.integers(0, 1))}: int = {draw(st.integers(0, 9))}"]
    if "total" in head:
        lines.append("def __lt__(self, other): return True")
    for method in draw(st.sets(st.sampled_from("mno"))):
        form = draw(st.sampled_from(METHODS))
        lines.append(form.format(name=method, n=draw(st.integers(0, 9))))
    return f"{head}class {name}({base}):\n    " + "\n    ".join(lines) + "\n"


@st.composite
def enums(draw: Any, name: str) -> str:
    kind = draw(st.sampled_from(("Enum", "Flag")))
    members = sorted(draw(st.sets(st.sampled_from("PQRS"), min_size=1)))
    values = draw(st.permutations((1, 2, 4, 8)))
    lines = [f"{member} = {value}" for member, value in zip(members, values, strict=False)]
    return f"class {name}(enum.{kind}):\n    " + "\n    ".join(lines) + "\n"


@st.composite
def texts(draw: Any) -> str:
    parts = [HEAD]
    names = sorted(draw(st.sets(st.sampled_from("fgh"))))
    parts += [draw(functions(name)) for name in names]
    known: tuple[str, ...] = ()
    for name in ("A", "B", "C"):
        if draw(st.booleans()):
            parts.append(draw(classes(name, known)))
            known = (*known, name)
    names.extend(known)
    if draw(st.booleans()):
        parts.append(draw(enums("E")))
        names.append("E")
    parts.append(f"NUMBER = {draw(st.integers(0, 9))}\n")
    parts.append(f"ALL = [{', '.join(names)}]\n")
    return "\n".join(parts)


def answers(value: Any, instance: Any = None) -> Any:
    """What a user can see of a function, a class or an enum."""
    if not isinstance(value, type):
        return value() if callable(value) else value
    if hasattr(value, "__members__"):
        return [(member.name, member.value, value(member.value) is member) for member in value]
    found: dict[str, Any] = {"bases": [base.__name__ for base in value.__mro__]}
    target = value() if instance is None else instance
    for name in ("m", "n", "o", "field0", "field1"):
        if hasattr(target, name):
            held = getattr(target, name)
            found[name] = held.inner if isinstance(held, type) else answers(held)
    return found


def state_of(module: Any) -> dict[str, Any]:
    return {
        name: answers(value)
        for name, value in vars(module).items()
        if len(name) == 1 or name == "NUMBER"
    }


@contextmanager
def folder_of_modules() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        before = set(sys.modules)
        try:
            yield Path(folder)
        finally:
            sys.path.remove(folder)
            for name in set(sys.modules) - before:
                del sys.modules[name]


def with_method(method: str) -> str:
    return f"{HEAD}\nclass A:\n    {method.format(name='m', n=4)}\nNUMBER = 0\nALL = [A]\n"


@given(st.lists(texts(), min_size=2, max_size=4))
@example([with_method(METHODS[each]) for each in (2, 3, 2)])  # decorated, a property, decorated
@settings(max_examples=60, deadline=None)
def test_after_any_edit_all_is_as_if_imported_afresh(versions: list[str]) -> None:
    """Old functions and objects answer as new ones do; classes and members keep their identity."""
    with folder_of_modules() as folder:
        name = next(_names)
        path = folder / f"{name}.py"
        path.write_text(versions[0], "utf-8")
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        reloader = ModuleReloader({}, [])
        for number, text in enumerate(versions[1:]):
            taken = {key: value for key, value in vars(module).items() if len(key) == 1}
            made = {
                key: value()
                for key, value in taken.items()
                if isinstance(value, type) and not hasattr(value, "__members__")
            }
            members = list(vars(module).get("E", ()))
            path.write_text(text, "utf-8")
            os.utime(path, ns=(10**18, 10**18 + number))
            (report,) = (each for each in reloader.reload_changed() if each.name == name)
            assert report.error is None
            fresh = folder / f"{name}_fresh_{number}.py"
            fresh.write_text(text, "utf-8")
            importlib.invalidate_caches()
            expected = importlib.import_module(fresh.stem)
            assert state_of(module) == state_of(expected)
            assert {id(each) for each in module.ALL} == {
                id(value) for key, value in vars(module).items() if len(key) == 1
            }
            for said in (note.split()[0].rpartition(".")[2] for note in report.notes):
                made.pop(said, None)
            _check_taken(module, taken, made)
            _check_members(module, members)


def _check_taken(module: Any, taken: dict[str, Any], made: dict[str, Any]) -> None:
    now = vars(module)
    for key in taken.keys() & now.keys():
        if isinstance(taken[key], type):
            assert (key not in made) or isinstance(made[key], now[key])
        elif type(taken[key]).__name__ != "Held":
            assert answers(taken[key]) == answers(now[key])
    for key, instance in made.items():
        if key not in now:
            continue
        assert type(instance) is now[key]
        instance.__dict__.clear()  # what it was given by its own __init__, and cached
        new = now[key]()
        new.__dict__.clear()
        assert answers(now[key], instance) == answers(now[key], new)
        assert type(pickle.loads(pickle.dumps(instance))) is now[key]


def _check_members(module: Any, members: list[Any]) -> None:
    now = vars(module).get("E")
    for member in members if now is not None else ():
        if member.name in now.__members__:
            assert now[member.name] is member
