"""Functions that the old text's factories and decorators have made, held by the session alone."""

from __future__ import annotations

from typing import Any


def test_closures_take_the_new_code_and_keep_their_variables(live: Any) -> None:
    """Wherever they are held; also those made by methods, lambdas and factories of factories."""
    text = """
        def make(n):
            def inner(x, k=1):
                return (x, n, k, {0})
            return inner
        def lambdas(n):
            return [lambda: ("first", n, {0}), lambda: ("second", n, {0})]
        def outer(a):
            def middle(b):
                def inner(c):
                    return a, b, c, {0}
                return inner
            return middle
        class Counter:
            def __init__(self): self.count = 0
            def button(self):
                def press():
                    self.count += {0}
                    return self.count
                return press
            @property
            def reader(self):
                return lambda: (self.count, {0})
        def local():
            class Local:
                def f(self): return {0}
            return Local()
    """
    live.write("making", text.format(10))
    live.do(
        "from making import *\nimport functools\nkept = {'f': make(7)}\n"
        "part = functools.partial(make(8), 5, k=2)\nfirst, second = lambdas(3)\n"
        "middle = outer(1); inner = middle(2)\ncounter = Counter()\n"
        "press, read = counter.button(), counter.reader\nobject_ = local()"
    )
    live.write("making", "\n        import os" + text.format(20))
    assert live.value("kept['f'](1), part()") == ((1, 7, 1, 20), (5, 8, 2, 20))
    assert live.value("first(), second()") == (("first", 3, 20), ("second", 3, 20))
    assert live.value("inner(3), middle(4)(5)") == ((1, 2, 3, 20), (1, 4, 5, 20))
    assert live.value("press(), press(), read(), object_.f()") == (20, 40, (40, 20), 20)
    assert live.said() == []


def test_an_edited_decorator_takes_effect_on_what_it_decorated(live: Any) -> None:
    """In modules that were not edited, and in cells."""
    decorator = """
        import functools
        def traced(function):
            @functools.wraps(function)
            def wrapper(*arguments):
                return {0!r}, function(*arguments)
            return wrapper
    """
    live.write("decorators", decorator.format("old"))
    live.write("using", "from decorators import traced\n@traced\ndef f(x): return x")
    live.do("from decorators import traced\nfrom using import f\n@traced\ndef g(x): return -x")
    assert live.value("f(1), g(1)") == (("old", 1), ("old", -1))
    live.write("decorators", decorator.format("new"))
    assert live.value("f(1), g(1)") == (("new", 1), ("new", -1))
    live.write("using", "from decorators import traced\n@traced\ndef f(x): return x + 1")
    assert live.value("f(1), g(1)") == (("new", 2), ("new", -1))
    assert live.said() == []


def test_made_functions_that_cannot_take_the_new_code_are_said(live: Any) -> None:
    """They close over other variables, take other arguments, or are not made any more."""
    live.write("making", "def make(n):\n    def inner(x): return x + n\n    return inner")
    live.do("import making\none, two = making.make(1), making.make(2)")
    live.write("making", "def make(n):\n    def inner(x): return x - 1\n    return inner")
    assert live.value("one(1), two(1), making.make(1)(1)") == (2, 3, 0)
    assert live.said() == [
        "making.make had made functions (2) that cannot take the new code: they keep the old one; "
        "make them anew."
    ]
    live.do("one = two = None\nthree = making.make(3)")
    live.write("making", "def make(n):\n    def inner(x, y): return x - y\n    return inner")
    assert live.value("three(1)") == 0
    assert "had made functions (1)" in live.said()[0]
    live.do("three = None\nfour = making.make(4)")
    live.write("making", "def make(n):\n    return str")
    assert live.value("four(5, 1)") == 4
    assert "had made functions (1)" in live.said()[0]
    live.do("del four")
    live.write("making", "def make(n):\n    return int")
    live.do("pass")
    assert live.said() == []


def test_the_options_of_autoreload_may_stand_behind_the_mode(live: Any) -> None:
    """``%autoreload 2 -p``, as users of IPython write it."""
    live.do("%autoreload 2 -p")
    live.write("plain", "x = 1")
    live.do("import plain")
    live.write("plain", "x = 2")
    live.do("pass")
    assert "Reloaded plain." in live.printed()
