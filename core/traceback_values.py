"""The values that a frame of a traceback shows, as bounded texts.

Rules:

1. Shown are the frame's own variables, and what the failing statement names of the functions
   around it and of the module: a module's whole namespace would be too much.
2. Values are looked at without user code; one whose name looks like a secret is hidden, also where
   it is the value of a key in a dict.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

from .safe import UNKNOWN, ExactTypes, issubclass_exact, safe_repr

Hides = Callable[[str], bool]
"""Whether the value of a name is hidden."""

SECRET_WORDS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "credential")
HIDDEN = "<hidden: its name looks like a secret>"
_MAXIMUM_VALUES = 40
_CO_OPTIMIZED = 0x1  # of inspect, which a start need not load
_SHORT = 6  # letters: a shorter word must be a word of its own in the name
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_TELL_NOTHING = ExactTypes(
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType),
    *(types.MethodDescriptorType, types.WrapperDescriptorType),
)


def hides_by(words: Iterable[str]) -> Hides:
    """The rule of some words: a name that has one in it is hidden; ``tokens`` is not ``token``."""
    plain = [word.lower().replace("_", "") for word in words if type(word) is str and word]
    long = [word for word in plain if len(word) >= _SHORT]
    short = {word for word in plain if len(word) < _SHORT}

    def hides(name: str) -> bool:
        joined = name.lower().replace("_", "")
        if any(word in joined for word in long):
            return True
        return bool(short) and not short.isdisjoint(part.lower() for part in _PART.findall(name))

    return hides


def values_of(frame: FrameType, statement: str, hides: Hides) -> list[tuple[str, str]]:
    """The values of a frame that fails at a statement: rule 1."""
    found: dict[str, str] = {}
    for name, value in _chosen(frame, _NAME.findall(statement)):
        if name not in found:
            found[name] = HIDDEN if hides(name) else safe_repr(value, hides=hides)
        if len(found) >= _MAXIMUM_VALUES:
            break
    return list(found.items())


def _chosen(frame: FrameType, named: list[str]) -> Iterator[tuple[str, Any]]:
    code, names = frame.f_code, frame.f_globals
    held: Any = frame.f_locals
    if held is not names:
        if code.co_flags & _CO_OPTIMIZED:
            own = [*code.co_varnames, *code.co_cellvars]
            own += [name for name in code.co_freevars if name in named]
            known = {name: held[name] for name in own if name in held}
        else:  # a class's body, or exec with names of its own: any mapping may stand there
            known = dict(held) if type(held) is dict else {}
        for name, value in known.items():
            if type(name) is str and name.isidentifier() and name not in _OF_CLASSES:
                yield name, value
    for name in named:
        value = dict.get(names, name, UNKNOWN)
        if value is not UNKNOWN and not _tells_nothing(value):
            yield name, value


_OF_CLASSES = frozenset(
    {"__module__", "__qualname__", "__firstlineno__", "__static_attributes__", "__classdict__"}
)


def _tells_nothing(value: object) -> bool:
    """Whether a value is a function, class or module, whose text tells nothing here."""
    return type(value) in _TELL_NOTHING or issubclass_exact(type(value), type)
