"""Functions, classes, enums: what was made before an edit is the current one after it."""

from __future__ import annotations

from typing import Any

import pytest


def test_an_edited_function_takes_effect_in_the_next_cell(live: Any) -> None:
    """Also under the name that it was imported by."""
    live.write("edited", "def f(): return 1")
    assert live.value("import edited\nfrom edited import f\nf()") == 1
    live.write("edited", "def f(): return 2")
    assert live.value("f(), edited.f(), f is edited.f") == (2, 2, True)


def test_existing_instances_get_the_new_methods(live: Any) -> None:
    """Their class stays the class it is: ``isinstance`` and ``super()`` hold."""
    live.write(
        "shapes",
        """
        class Base:
            def area(self): return 1
        class Square(Base):
            def area(self): return super().area() + 1
        """,
    )
    assert live.value("from shapes import Square, Base\nsquare = Square()\nsquare.area()") == 2
    live.write(
        "shapes",
        """
        class Base:
            def area(self): return 10
        class Square(Base):
            def area(self): return super().area() + 5
            def name(self): return "square"
        """,
    )
    assert live.value("square.area(), square.name()") == (15, "square")
    assert live.value("isinstance(square, Square), isinstance(square, Base)") == (True, True)


DECORATED = {
    "wraps": (
        "import functools\n"
        "def deco(f):\n"
        "    @functools.wraps(f)\n"
        "    def inner(*a): return f(*a)\n"
        "    return inner\n"
        "@deco\n"
        "def f(x=1): return {}\n"
    ),
    "partial": "import functools\ndef g(a, x): return {}\nf = functools.partial(g, 1, 1)\n",
    "lru_cache": "import functools\n@functools.lru_cache\ndef f(x=1): return {}\n",
    "lru_cache sized": (
        "import functools\n@functools.lru_cache(maxsize={})\ndef f(x=1): return {}\n"
    ),
    "closure": "def make(n):\n    def f(): return n\n    return f\nf = make({})\n",
    "staticmethod": "class C:\n    @staticmethod\n    def s(): return {}\nf = C.s\n",
    "classmethod": "class C:\n    @classmethod\n    def s(cls): return {}\nf = C.s\n",
    "bound": "class C:\n    def s(self): return {}\nf = C().s\n",
    "contextmanager": (
        "import contextlib\n"
        "@contextlib.contextmanager\n"
        "def c(): yield {}\n"
        "def f():\n"
        "    with c() as value: return value\n"
    ),
    "singledispatch": "import functools\n@functools.singledispatch\ndef f(x=1): return {}\n",
    "object": (
        "class Deco:\n"
        "    def __init__(self, f): self.__wrapped__ = f\n"
        "    def __call__(self): return self.__wrapped__()\n"
        "@Deco\n"
        "def f(): return {}\n"
    ),
    "lambda": "f = lambda: {}\n",
    "defaults": "def f(x={}, *, y=0): return x\n",
    "global": "N = {}\ndef f(): return N\n",
    "generator": "def g(): yield {}\ndef f(): return next(g())\n",
    "super added": "class B:\n    def s(self): return {}\nclass C(B):\n    pass\nf = C().s\n",
}


@pytest.mark.parametrize("kind", DECORATED)
def test_decorated_functions_take_effect(live: Any, kind: str) -> None:
    """Through every common decorator; also what was imported by name, and several times."""
    text = DECORATED[kind]
    argument = "1" if kind == "singledispatch" else ""
    live.write("decorated", text.replace("{}", "1"))
    live.do("import decorated\nfrom decorated import f\nheld = [f]")
    for number in (1, 2, 3):
        live.write("decorated", text.replace("{}", str(number)))
        call = f"f({argument}), decorated.f({argument})"
        expected = (number, number)
        if kind != "bound":
            call += f", held[0]({argument})"
            expected += (number,)  # type: ignore[assignment]
        assert live.value(call) == expected


def test_a_function_may_become_decorated_and_plain_again(live: Any) -> None:
    """Names imported before call the new one, with its signature."""
    plain = "def f(a): return a + {}\n"
    decorated = (
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n"
        "    def inner(*args): return 2 * f(*args)\n    return inner\n@twice\n" + plain
    )
    live.write("dressed", plain.format(1))
    live.do("import dressed, inspect\nfrom dressed import f\nkept = f")
    live.write("dressed", decorated.format(10))
    assert live.value("f(1), kept(1), dressed.f(1)") == (22, 22, 22)
    assert live.value("str(inspect.signature(f)), f is dressed.f") == ("(a)", True)
    live.write("dressed", plain.format(5))
    assert live.value("f(1), kept(1), dressed.f(1)") == (6, 6, 6)


def test_a_callback_that_c_code_holds_is_the_current_one(live: Any) -> None:
    """No reference can be redirected there: the old function forwards."""
    live.write("hooked", "def f(): return 1")
    live.do("import hooked, functools\nheld = functools.lru_cache(maxsize=0)(hooked.f)")
    live.write("hooked", "def deco(f): return lambda: f()\n@deco\ndef f(): return 2")
    assert live.value("held()") == 2
    live.write("hooked", "def deco(f): return lambda: f()\n@deco\ndef f(): return 3")
    assert live.value("held()") == 3


def test_enum_members_stay_the_objects_they_are(live: Any) -> None:
    """New ones appear, lost ones are said, `is`, lookup and pickling hold."""
    text = "import enum\nclass Color(enum.Enum):\n    RED = {}\n    GREEN = 2\n{}"
    live.write("colors", text.format(1, "    BLUE = 3\nBEST = Color.RED\nTABLE = {Color.GREEN: 1}"))
    live.do("import pickle, colors\nfrom colors import Color\nred, blue = Color.RED, Color.BLUE")
    with_new = "    PINK = 4\nBEST = Color.RED\nTABLE = {Color.GREEN: 1}\nPAIR = (Color.PINK,)"
    live.write("colors", text.format(1, with_new))
    assert live.value("red is Color.RED, Color(1) is red, Color['RED'] is red") == (True,) * 3
    assert live.value("colors.BEST is red, Color.GREEN in colors.TABLE") == (True, True)
    assert live.value("isinstance(Color.PINK, Color), colors.PAIR[0] is Color.PINK") == (True,) * 2
    assert live.value("pickle.loads(pickle.dumps([red, Color.PINK])) == [red, Color.PINK]")
    assert live.value("list(Color) == [Color.RED, Color.GREEN, Color.PINK]")
    assert live.value("isinstance(blue, Color), hasattr(Color, 'BLUE')") == (True, False)
    live.write("colors", text.format(7, ""))
    assert live.value("red is Color.RED, red.value, Color(7) is red") == (True, 7, True)


@pytest.mark.parametrize("base", ["enum.IntEnum", "str, enum.Enum", "enum.Flag", "enum.IntFlag"])
def test_enums_of_every_kind_keep_their_members(live: Any, base: str) -> None:
    """Also combinations of flags that were made before."""
    number = '"{}"' if base.startswith("str") else "{}"
    members = [
        f"    {name} = {number.format(n)}\n" for name, n in zip("ABC", (1, 2, 4), strict=True)
    ]
    text = f"import enum\nclass Kind({base}):\n"
    live.write("kinds", text + "".join(members[:2]))
    live.do("from kinds import Kind\na, b = Kind.A, Kind.B")
    if "Flag" in base:
        live.do("both = a | b")
    live.write("kinds", text + "".join(members) + "    def hello(self): return self.name\n")
    assert live.value("a is Kind.A, b is Kind.B, a.hello(), Kind.C.hello()") == (
        True,
        True,
        "A",
        "C",
    )
    assert live.value("isinstance(a, Kind), isinstance(Kind.C, Kind)") == (True, True)
    if "Flag" in base:
        assert live.value("both is Kind.A | Kind.B, both == Kind.A | Kind.B") == (True, True)
        assert live.value("(both | Kind.C).value") == 7


def test_what_an_enum_loses_is_said(live: Any) -> None:
    """A removed member, and a value that cannot change in place."""
    live.write("levels", "import enum\nclass Level(enum.IntEnum):\n    LOW = 1\n    HIGH = 2\n")
    live.do("from levels import Level\nlow = Level.LOW")
    live.write("levels", "import enum\nclass Level(enum.IntEnum):\n    LOW = 10\n")
    assert live.value("Level.LOW + 0, Level(10) is Level.LOW") == (10, True)
    said = "\n".join(live.said())
    assert "levels.Level.LOW was 1 and is 10 now" in said
    assert "levels.Level has no HIGH any more" in said


def test_classes_may_change_their_bases(live: Any) -> None:
    """From none to one, to another, and back: objects, subclasses and isinstance follow."""
    bases = "class A:\n    def a(self): return 'a'\nclass B:\n    def b(self): return 'b'\n"
    user = "import things\nclass Sub(things.Thing):\n    def up(self): return super().me()\n"
    thing = bases + "class Thing{}:\n    def me(self): return {}\nLAST = Thing\n"
    live.write("things", thing.format("", 0))
    live.write("users", user)
    live.do(
        "import things, users, pickle\nfrom things import *\nthing, sub = Thing(), users.Sub()",
    )
    live.do("thing.x = 1; table = {Thing: [Thing]}; classes = (Thing, int)")
    for number, (base, method) in enumerate(
        [("(A)", "a"), ("(B)", "b"), ("(A, B)", "a"), ("", "me")]
    ):
        live.write("things", thing.format(base, number))
        assert live.value(f"thing.me(), thing.x, sub.up(), callable(thing.{method})") == (
            number,
            1,
            number,
            True,
        )
        assert live.value("type(thing) is Thing is things.Thing is things.LAST")
        assert live.value("isinstance(thing, classes), isinstance(sub, Thing)") == (True, True)
        assert live.value("list(table) == [Thing] and table[Thing] == [Thing]")
        assert live.value("type(pickle.loads(pickle.dumps(thing))) is Thing")
    assert live.said() == []


def test_slots_that_changed_are_said(live: Any) -> None:
    """Old objects go on with the old class; new ones are of the new one."""
    live.write("slotted", "class P:\n    __slots__ = ('x',)\n    def f(self): return 1\n")
    live.do("import slotted\nfrom slotted import P\np, q = P(), P()\np.x = 5")
    live.write("slotted", "class P:\n    __slots__ = ('x',)\n    def f(self): return 2\n")
    assert live.value("p.f(), p.x, isinstance(p, P)") == (2, 5, True)
    live.write("slotted", "class P:\n    __slots__ = ('x', 'y')\n    def f(self): return self.y\n")
    assert live.value("p.f(), p.x, P is slotted.P, hasattr(P, 'y')") == (2, 5, True, True)
    assert live.said() == [
        "slotted.P changed its __slots__ from (x) to (x, y): objects made before (2) keep the "
        "old class; make them anew."
    ]


def test_slots_may_change_while_no_object_lives(live: Any) -> None:
    """Then there is nothing to say."""
    live.write("slotted", "class P:\n    __slots__ = ('x',)\n")
    live.do("from slotted import P")
    live.write("slotted", "class P:\n    __slots__ = ('x', 'y')\n")
    assert live.value("hasattr(P, 'y')")
    assert live.said() == []


@pytest.mark.parametrize("slots", ["", "(slots=True)", "(frozen=True)", "(order=True)"])
def test_dataclasses_stay_alive(live: Any, slots: str) -> None:
    """Methods, comparison, defaults and types in fields."""
    text = (
        "from dataclasses import dataclass, field, fields, replace\n"
        f"@dataclass{slots}\nclass Point:\n    x: int\n    y: int = {{}}\n"
        "    def size(self): return self.x * {}\nORIGIN = Point(0)\n"
        "@dataclass\nclass Line:\n    start: Point\n"
        "    end: Point = field(default_factory=lambda: Point(0))\n"
    )
    live.write("points", text.format(2, 1))
    live.do(
        "import points, pickle, copy\nfrom points import *\np, line = Point(3), Line(Point(1))",
    )
    live.write("points", text.format(20, 100))
    assert live.value("p.size(), p.y, Point(1).y, Line(p).end.size()") == (300, 2, 20, 0)
    assert live.value("p == Point(3, 2), copy.copy(p) == p, replace(p, x=1).x") == (True, True, 1)
    assert live.value("fields(Line)[0].name, isinstance(points.ORIGIN, Point)") == ("start", True)
    assert live.value("pickle.loads(pickle.dumps(p)) == p")
    assert live.value("isinstance(line.end, Point), isinstance(p, points.Point)") == (True, True)


def test_properties_nested_classes_and_deleted_methods(live: Any) -> None:
    """Attributes come and go as the text says."""
    live.write(
        "parts",
        """
        import functools
        class Car:
            wheels = 4
            class Engine:
                def start(self): return "old"
            @property
            def name(self): return "old"
            @functools.cached_property
            def heavy(self): return "old"
            def gone(self): pass
            def __new__(cls, *args): return super().__new__(cls)
            def __init__(self, x=0): self.x = x
        """,
    )
    live.do(
        "import inspect\nfrom parts import Car\n"
        "car, engine, Engine = Car(), Car.Engine(), Car.Engine",
    )
    live.write(
        "parts",
        """
        import functools
        class Car:
            seats = 5
            class Engine:
                def start(self): return "new"
            @property
            def name(self): return "new"
            @name.setter
            def name(self, value): self.set = value
            @functools.cached_property
            def heavy(self): return "new"
            def __init__(self, x=0): self.x = x
            def __eq__(self, other): return True
            __hash__ = None
        """,
    )
    assert live.value("car.name, car.heavy, car.seats, engine.start()") == ("new", "new", 5, "new")
    assert live.value("hasattr(car, 'gone'), hasattr(car, 'wheels')") == (False, False)
    assert live.value("car.name = 7\ncar.set, Car(3).x, car == 1, str(inspect.signature(Car))") == (
        7,
        3,
        True,
        "(x=0)",
    )
    assert live.value("Car.Engine is Engine is type(engine)")


def test_abstract_classes_protocols_and_metaclasses(live: Any) -> None:
    """What is abstract follows the text; a metaclass's methods too."""
    text = """
        import abc, typing, collections.abc
        class Meta(type):
            def hello(cls): return {0}
        class WithMeta(metaclass=Meta): pass
        class Shape(abc.ABC):
            @abc.abstractmethod
            def area(self): ...
            {1}
        class Square(Shape):
            def area(self): return {0}
        class Sized(typing.Protocol):
            def size(self) -> int: ...
        T = typing.TypeVar("T")
        class Box(typing.Generic[T]):
            def get(self) -> T: return {0}
        class Numbers(Box[int]): pass
        Shape.register(int)
    """
    live.write("shapes", text.format(1, ""))
    live.do("from shapes import *\nimport shapes\nsquare, box = Square(), Numbers()")
    live.do("Shape.register(float)")
    live.write("shapes", text.format(2, "extra = 1"))
    assert live.value("square.area(), box.get(), WithMeta.hello(), type(WithMeta) is Meta") == (
        2,
        2,
        2,
        True,
    )
    assert live.value(
        "isinstance(1, Shape), isinstance(1.0, Shape), isinstance(square, Shape)"
    ) == (
        True,
        True,
        True,
    )
    live.write("shapes", text.format(3, "@abc.abstractmethod\n            def more(self): ..."))
    result = live.shell.run_cell("Square()")
    assert "abstract" in str(result.error)
