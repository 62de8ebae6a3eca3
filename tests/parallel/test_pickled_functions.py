"""A pickle is used again only where pickling again would give the same."""

from __future__ import annotations

import gc
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from vivo.parallel.cluster import pickled_functions
from vivo.parallel.cluster.pickling import dumps_function


def made(source: str, **names: Any) -> Any:
    """The function ``f`` of a script, whose globals have some names more."""
    namespace = {"__name__": "__main__", **names}
    exec(compile(source, "script", "exec", dont_inherit=True), namespace)
    return namespace["f"]


def value_of(function: Any, *given: Any) -> Any:
    """What a function gives where it arrives."""
    return pickle.loads(dumps_function(function)[1])(*given)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x: int, y: 'Any' = 2) -> None: 'a text'", {}),
        ("f = lambda x: math.sqrt(x) + len(str(factor))", {"math": math, "factor": 3}),
        ("def f(x: Any): return [sqrt(each) for each in x]", {"sqrt": math.sqrt, "Any": Any}),
        ("def f(x):\n    import os\n    def g(): return os.getpid()\n    return g()", {}),
    ],
)
def test_a_function_that_cannot_have_changed_is_pickled_once(
    source: str, names: dict[str, Any]
) -> None:
    """The very same bytes."""
    function = made(source, **names)
    assert dumps_function(function) is dumps_function(function)


CHANGES: dict[str, Callable[[Any], None]] = {
    "a global": lambda f: f.__globals__.update(factor=30),
    "a builtin's name": lambda f: f.__globals__.update(abs=lambda x: 7),
    "the code": lambda f: setattr(f, "__code__", (lambda x: -x).__code__),
    "the defaults": lambda f: setattr(f, "__defaults__", (50,)),
    "keyword defaults": lambda f: setattr(f, "__kwdefaults__", {}),
    "the text": lambda f: setattr(f, "__doc__", "other"),
    "an attribute": lambda f: setattr(f, "mark", 1),
    "an annotation": lambda f: f.__annotations__.update(x=str),
    "its name": lambda f: setattr(f, "__name__", "g"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_is_pickled_anew(what: str) -> None:
    """And has the change where it arrives."""
    source = "def f(x: int = 5):\n    return abs(x) * factor"
    function = made(source, factor=3)
    before = dumps_function(function)
    assert dumps_function(function) is before
    CHANGES[what](function)
    assert dumps_function(function) is not before
    restored = pickle.loads(dumps_function(function)[1])
    assert restored(-2) == function(-2)
    assert restored() == function()
    assert restored.__dict__ == function.__dict__
    assert restored.__annotations__ == function.__annotations__


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): return len(data)", {"data": [1]}),
        ("def f(data=[1]): return len(data)", {}),
        ("def f(*, data=[1]): return len(data)", {}),
        ("def g():\n    data = [1]\n    return lambda: data\nf = g()", {}),
        ("def g(): return 1\ndef f(): return g()", {}),
        ("class A: pass\ndef f(x: A = None): return 1", {}),
        ("f = print", {}),
    ],
)
def test_what_may_change_unseen_is_not_remembered(source: str, names: dict[str, Any]) -> None:
    """Each time it is pickled as it is then."""
    function = made(source, **names)
    dumps_function(function)
    assert pickled_functions.known(function) is None


def test_nothing_is_kept_of_functions_that_are_gone() -> None:
    """Neither they nor their pickles."""
    gc.collect()
    before = len(pickled_functions._known)
    function = made("def f(x): return x + factor", factor=2)
    assert value_of(function, 3) == 5
    assert len(pickled_functions._known) == before + 1
    del function
    gc.collect()
    assert len(pickled_functions._known) == before
