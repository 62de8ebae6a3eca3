"""Completers that users register: for the words of a command, and for objects of a type.

Rules:

1. They are the user's code. One that is not declared ``thread_safe`` is asked only while no cell
   runs; none is waited for longer than its deadline: an object may live on another machine.
2. One that raises or is late costs its own completions, and nothing else.

Source: the paper, "Tab completion" (PyMAD completes the names of a remote instrument).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .safe import mro_of, type_module, type_qualname

DEADLINE = 0.3
"""Seconds that a registered completer gets."""

_MAXIMUM_GIVEN = 10_000


class Registered(NamedTuple):
    """A completer, and how it may be asked."""

    function: Callable[[Any, str], Iterable[str]]
    thread_safe: bool
    deadline: float


class RegisteredCompleters:
    """The completers of a shell's user."""

    def __init__(self) -> None:
        self._by_command: dict[str, Registered] = {}
        self._by_type: dict[type | str, Registered] = {}
        self.is_busy: Callable[[], bool] = lambda: False
        """Whether a cell runs."""

    def add_command(
        self,
        command: str,
        function: Callable[[str, str], Iterable[str]],
        *,
        thread_safe: bool = False,
        deadline: float = DEADLINE,
    ) -> None:
        """Ask ``function(word, line)`` for the words after ``command``, a magic or an alias."""
        self._by_command[command] = Registered(function, thread_safe, deadline)

    def add_type(
        self,
        kind: type | str,
        function: Callable[[Any, str], Iterable[str]],
        *,
        thread_safe: bool = False,
        deadline: float = DEADLINE,
    ) -> None:
        """Ask ``function(value, prefix)`` for the attributes of a type's objects.

        ``kind`` is a class, or its qualified name where the class is not loaded yet.
        """
        self._by_type[kind] = Registered(function, thread_safe, deadline)

    def of_command(self, command: str, word: str, line: str) -> list[str] | None:
        """The words after a command; None if no completer is registered for it."""
        entry = self._by_command.get(command)
        return None if entry is None else self._ask(entry, word, line)

    def of_value(self, value: Any, prefix: str) -> list[str] | None:
        """The attributes of a value; None if no completer is registered for its type."""
        if not self._by_type:
            return None
        for kind in mro_of(type(value)):
            name = f"{type_module(kind)}.{type_qualname(kind)}"
            for key, entry in tuple(self._by_type.items()):
                if key is kind or (type(key) is str and key == name):
                    return self._ask(entry, value, prefix)
        return None

    def _ask(self, entry: Registered, *arguments: Any) -> list[str] | None:
        if not entry.thread_safe and self.is_busy():
            return None
        found: list[str] = []

        def ask() -> None:
            try:
                given = itertools.islice(entry.function(*arguments), _MAXIMUM_GIVEN)
                found.extend(str(name) for name in given)
            except Exception as error:  # noqa: BLE001 - rule 2
                import logging

                logging.getLogger(__name__).warning(
                    "the completer %r raised %r", entry.function, error
                )

        thread = threading.Thread(target=ask, name="vivo-completer", daemon=True)
        thread.start()
        thread.join(entry.deadline)
        return None if thread.is_alive() else found
