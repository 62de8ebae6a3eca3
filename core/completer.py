"""Completion at a cursor, from the live namespace.

Rules:

1. No user code runs: objects are looked at through :mod:`vivo.core.safe` alone. Completers that
   users register do run, when the shell says that this is the thread for it.
2. The text need not parse: it is being typed. What stands before the cursor is read backwards.
3. Own names come before dunders; private names come when the user has typed the underscore.
"""

from __future__ import annotations

import builtins
import heapq
import itertools
import keyword
import operator
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from . import completion_sources as sources
from .completion_symbols import symbols
from .completion_words import WordCompleter, command_in_comment
from .expression_before import expression_before, field_of_fstring
from .item_classes import item_class
from .registered_completers import RegisteredCompleters
from .safe import (
    UNKNOWN,
    ExactTypes,
    attribute,
    attribute_names,
    class_attribute,
    column_names,
    evaluate,
    first_items,
    instance_dict,
    mro_of,
    type_name,
)
from .table_keys import table_keys

if TYPE_CHECKING:
    from .magics.registry import MagicRegistry

MAXIMUM_ITEMS = 1000
_KEYS = ExactTypes(str, bytes, int, tuple, float, bool)

_ATTRIBUTE = re.compile(r"\.(?P<prefix>(?!\d)\w*)$")
_NAME = re.compile(r"(?P<prefix>[^\W\d]\w*)?$")
_KEY = re.compile(r"\[\s*(?P<prefix>(?P<quote>[bBrRuU]*['\"])?[^\[\]'\"]*)$")
_STRING = re.compile(r"""(?:[bBrRuUfF]{0,2})(?P<quote>['"])(?P<prefix>[^'"\n]*)$""")


class Completion(NamedTuple):
    """One completion."""

    text: str
    """What replaces the text between ``start`` and ``end`` of the result."""
    type: str
    """``function``, ``class``, ``module``, ``instance``, ``keyword``, ``magic``, ``path``, …"""
    detail: str = ""
    """The value's type, or what else tells it apart."""


@dataclass
class CompletionResult:
    """The completions at a cursor; positions in characters of the text."""

    start: int
    end: int
    items: list[Completion] = field(default_factory=list)
    is_cut: bool = False
    """Whether there are more than :data:`MAXIMUM_ITEMS`: ask again when more is typed."""


class Completer:
    """Completes for one shell."""

    def __init__(self, namespace: Mapping[str, Any], magics: MagicRegistry | None = None) -> None:
        self.namespace = namespace
        self.registered = RegisteredCompleters()
        self.commands: WordCompleter | None = None
        if magics is not None:
            self.commands = WordCompleter(magics, self.registered)
            self.commands.is_variable = namespace.__contains__
        self.has_comment_magics: Callable[[], bool] = lambda: False
        """Whether ``# %time f()`` runs as ``%time f()`` would."""

    def complete(self, text: str, cursor: int | None = None) -> CompletionResult:
        """The completions at ``cursor`` (in characters; the end by default)."""
        cursor = len(text) if cursor is None else max(0, min(cursor, len(text)))
        before = text[:cursor]
        line = before.rsplit("\n", 1)[-1]
        if "#" in line and self.has_comment_magics() and (inner := command_in_comment(line)):
            before = line = inner
        if (field := field_of_fstring(line)) is not None:
            before = line = field
        for source in (
            self._symbol,
            self._command,
            self._import,
            self._key,
            self._path,
            self._attribute,
        ):
            found = source(before, line)
            if found is not None:
                prefix, items = found
                return self._result(cursor, prefix, items)
        if sources.is_inside_string_or_comment(line):
            return CompletionResult(cursor, cursor)
        prefix, items = self._names(before)
        return self._result(cursor, prefix, items)

    @staticmethod
    def _result(cursor: int, prefix: str, items: Iterable[Completion]) -> CompletionResult:
        unique: dict[str, Completion] = {}
        for item in items:
            unique.setdefault(item.text, item)
            if len(unique) >= MAXIMUM_ITEMS:
                break
        ordered = sorted(unique.values(), key=_order)[:MAXIMUM_ITEMS]
        cut = len(unique) >= MAXIMUM_ITEMS
        return CompletionResult(cursor - len(prefix), cursor, ordered, cut)

    # --- Sources, the most special first ---------------------------------------------------

    def _symbol(self, before: str, line: str) -> tuple[str, Iterable[Completion]] | None:
        return None if sources.is_inside_string_or_comment(line) else symbols(line)

    def _command(self, before: str, line: str) -> tuple[str, Iterable[Completion]] | None:
        return None if self.commands is None else self.commands.complete(line)

    def _import(self, before: str, line: str) -> tuple[str, Iterable[Completion]] | None:
        match = re.match(r"^\s*from\s+([\w.]+)\s+import\s+(?:.*[,(]\s*|\(?\s*)?(\w*)$", line)
        if match:
            return match[2], sources.module_members(match[1], match[2])
        match = re.match(r"^\s*(?:from|import)\s+(?:.*,\s*)?([\w.]*)$", line)
        if match:
            return match[1].rpartition(".")[2], sources.module_names(match[1])
        return None

    def _key(self, before: str, line: str) -> tuple[str, Iterable[Completion]] | None:
        typed = table_keys(line, self.namespace)
        if typed is not None:
            items = sources.key_completions(list(typed.labels), typed.prefix, typed.quote)
            return (typed.prefix, items) if items else None
        match = _KEY.search(line)
        if match is None:
            return None
        owner = expression_before(line[: match.start()])
        value = evaluate(owner, self.namespace) if owner else UNKNOWN
        if value is UNKNOWN:
            return None
        keys: list[Any] = column_names(value)
        if value is os.environ:
            keys = list(os.environ)
        elif type(value) is dict:
            keys = [key for key in first_items(value) if _is_plain(key)]
        items = sources.key_completions(keys, match["prefix"], match["quote"])
        return (match["prefix"], items) if items else None

    def _path(self, before: str, line: str) -> tuple[str, Iterable[Completion]] | None:
        if not sources.is_inside_string_or_comment(line):
            return None
        match = _STRING.search(line)
        if match is None:
            return None
        is_argument = re.search(r"\w\s*\(\s*$", line[: match.start()])
        if not match["prefix"] and not is_argument:
            return None
        return match["prefix"], sources.paths(match["prefix"])

    def _attribute(self, before: str, line: str) -> tuple[str, Iterable[Completion]] | None:
        match = _ATTRIBUTE.search(line)
        if match is None:
            return None
        prefix = match["prefix"]
        owner = expression_before(line[: match.start()])
        if not owner or sources.is_inside_string_or_comment(line[: match.start() - len(owner)]):
            return prefix, ()
        value = evaluate(owner, self.namespace)
        if value is not UNKNOWN:
            return prefix, self._attributes(value, prefix)
        kind = item_class(owner, self.namespace)
        return prefix, self._attributes_of(kind, prefix) if kind else ()

    def _attributes(self, value: object, prefix: str) -> Iterator[Completion]:
        for name in self.registered.of_value(value, prefix) or ():
            if name.startswith(prefix):
                yield Completion(name, "instance", "registered")
        names = attribute_names(value)
        names.update(name for name in column_names(value) if name.isidentifier())
        told = _ToldOfTypes()
        for name in heapq.nsmallest(MAXIMUM_ITEMS, _beginning(tuple(names), prefix)):
            found = attribute(value, name)
            yield Completion(name, *(("property", "") if found is UNKNOWN else told.of(found)))

    def _attributes_of(self, kind: type, prefix: str) -> Iterator[Completion]:
        names = {name for each in mro_of(kind) for name in instance_dict(each)}
        told = _ToldOfTypes()
        for name in heapq.nsmallest(MAXIMUM_ITEMS, _beginning(tuple(names), prefix)):
            found = class_attribute(kind, name)
            yield Completion(name, *(("property", "") if found is UNKNOWN else told.of(found)))

    def _names(self, before: str) -> tuple[str, Iterable[Completion]]:
        match = _NAME.search(before)
        prefix = (match["prefix"] or "") if match else ""
        return prefix, self._all_names(before, prefix)

    def _all_names(self, before: str, prefix: str) -> Iterator[Completion]:
        yield from self._keyword_arguments(before[: len(before) - len(prefix)], prefix)
        names = tuple(self.namespace)[::-1]  # the latest first: a long list is cut
        told = _ToldOfTypes()
        for name in _beginning(names, prefix):
            yield Completion(name, *told.of(self.namespace.get(name)))
        for word in keyword.kwlist:
            if word.startswith(prefix) and prefix:
                yield Completion(word, "keyword")
        for name, value in tuple(vars(builtins).items()):
            if name.startswith(prefix) and prefix and _wanted(name, prefix):
                yield Completion(name, kind_of(value), "builtins")
        line = before.rsplit("\n", 1)[-1]
        commands = self.commands
        if commands and commands.magics.automagic and line.strip() == prefix and prefix:
            for name in (*commands.magics.names("line"), *commands.aliases()):
                if name.startswith(prefix):
                    yield Completion(name, "magic", "magic")

    def _keyword_arguments(self, before: str, prefix: str) -> Iterator[Completion]:
        opening = sources.open_call(before)
        if opening is None:
            return
        called = expression_before(before[:opening])
        if not called:
            return
        value = evaluate(called, self.namespace)
        for name in sources.parameter_names(value):
            if name.startswith(prefix):
                yield Completion(f"{name}=", "parameter", f"of {called}")


def _is_plain(key: object) -> bool:
    """Whether a key's text needs no code of the user's."""
    return type(key) in _KEYS and (type(key) is not tuple or all(map(_is_plain, key)))


class _ToldOfTypes:
    """What completions say of values, found out once for each type."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[type, tuple[str, str]]] = {}  # a held type keeps its id

    def of(self, value: object) -> tuple[str, str]:
        """The kind of a value, and the name of its type."""
        kind = type(value)
        known = self._known.get(id(kind))
        if known is None:
            known = self._known[id(kind)] = (kind, (kind_of(value), type_name(value)))
        return known[1]


def _beginning(names: tuple[Any, ...], prefix: str) -> Iterator[str]:
    """The names among some objects that begin so; those that are no plain text are left out.

    All are looked through as one text: a namespace may hold a hundred thousand names.
    """
    if not all(map(operator.is_, map(type, names), itertools.repeat(str))):
        names = tuple(name for name in names if type(name) is str)
    text = "\n".join(("", *names, ""))
    position = text.find(f"\n{prefix}")
    while position >= 0 and position < len(text) - 1:
        end = text.find("\n", position + 1)
        name = text[position + 1 : end]
        if _wanted(name, prefix):
            yield name
        position = text.find(f"\n{prefix}", end)


def _wanted(name: str, prefix: str) -> bool:
    """Private names only once the user has typed the underscore."""
    return prefix.startswith("_") or not name.startswith("_")


def _order(item: Completion) -> tuple[int, str]:
    name = item.text.lstrip("%")
    group = 0 if item.type == "parameter" else 1
    if name.startswith("__"):
        group = 3
    elif name.startswith("_"):
        group = 2
    return group, name.lower()


_KINDS = {
    "function": "function",
    "builtin_function_or_method": "function",
    "method": "method",
    "method_descriptor": "method",
    "wrapper_descriptor": "method",
    "classmethod_descriptor": "method",
    "module": "module",
    "type": "class",
    "property": "property",
    "getset_descriptor": "property",
    "member_descriptor": "property",
}


def kind_of(value: object) -> str:
    """What a value is, in the words that completions are shown with."""
    if issubclass(type(value), type):
        return "class"
    return _KINDS.get(type_name(value), "instance")
