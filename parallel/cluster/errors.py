"""What goes wrong with a cluster, as its user sees it.

An error on one engine is raised as itself, with the remote traceback as a note. Errors on some of
many are one :class:`EngineErrors`, which has each distinct traceback once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ...core.errors import VivoError
from ..errors import SessionError, WireError

_MOST_TOLD, _MOST_NAMED = 5, 10
_CELL = re.compile(r"<cell \d+>")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class ZmtpError(VivoError, ConnectionError):
    """A peer does not speak ZMTP 3 as it should."""


class ClusterError(SessionError):
    """A cluster could not be started, reached or asked."""


class RefusedError(ClusterError):
    """Whoever is there is not who was meant, or does not take us for it: trying again is no use."""


class EngineLostError(ClusterError):
    """An engine's process ended, or it cannot be reached: what it had was lost with it."""


class CallAbortedError(ClusterError):
    """A call was taken back before it began."""


class TaskError(ClusterError):
    """A task was given up: it took too long, ended its engines, or came after one that failed."""


class RemoteError(VivoError, RuntimeError):
    """An error of an engine whose class cannot be had here."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.name, self.message = name, message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.message)


if sys.version_info >= (3, 11):
    _Group = ExceptionGroup[Exception]  # noqa: F821 - where Python has it
else:

    class _Group(Exception):  # noqa: N818 - it is many
        """What Python has from 3.11 on, as far as it is needed here."""

        def __init__(self, message: str, exceptions: Sequence[Exception]) -> None:
            super().__init__(message, exceptions)
            self.message, self.exceptions = message, tuple(exceptions)

        def __str__(self) -> str:
            notes = [note for each in self.exceptions for note in getattr(each, "__notes__", ())]
            return "\n".join([self.message, *notes])


class EngineErrors(_Group):
    """Errors on some engines, or of some items of a map. ``exceptions`` has each distinct one once,
    with who raised it and its remote traceback in a note.
    """

    by_engine: Mapping[int, Exception] = MappingProxyType({})
    """The error of each engine that raised, by its number."""
    by_item: Mapping[int, Exception] = MappingProxyType({})
    """The error of each item of a load-balanced map that raised, by its place."""

    def derive(self, excs: Sequence[Exception]) -> EngineErrors:  # type: ignore[override]
        """A group of some of these errors."""
        made, wanted = EngineErrors(self.message, excs), tuple(excs)
        made.by_engine = {k: each for k, each in self.by_engine.items() if each in wanted}
        made.by_item = {k: each for k, each in self.by_item.items() if each in wanted}
        return made


class RemoteTraceback(NamedTuple):
    """The traceback of an error on an engine."""

    text: str = ""
    """With the values of the variables."""
    places: str = ""
    """Without them: what is the same for engines that failed at the same place."""

    @property
    def key(self) -> str:
        """What it has in common with those of other engines, which number cells by themselves."""
        return _CELL.sub("<cell>", self.places)


def plain(lines: Sequence[str]) -> str:
    """A traceback's lines as text without colours."""
    return _ANSI.sub("", "\n".join(lines))


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an exception, also where Python cannot show it."""
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, list):
        notes.append(note)
    else:
        error.__notes__ = [note]  # type: ignore[attr-defined, unused-ignore]


def engine_errors(
    failed: Mapping[int, tuple[Exception, RemoteTraceback]], count: int, unit: str = "engine"
) -> Exception:
    """What to raise for errors on some of ``count`` engines: by engine, the error and its remote
    traceback. One engine that was asked alone raises its error itself. With the ``unit`` item it
    is so for the items of a map, by their places.
    """
    if count == 1:
        ((number, (error, traceback)),) = failed.items()
        number = getattr(error, "engine", number)
        if traceback.text:
            add_note(error, f"On {named([number])}:\n{traceback.text}")
        elif isinstance(error, EngineLostError) and unit == "engine":
            add_note(error, f"On {named([number])}.")
        return error
    alike: dict[tuple[str, str], list[int]] = {}
    for number, (error, traceback) in failed.items():
        said = str(error) if isinstance(error, RemoteError) else f"{type(error).__name__}: {error}"
        alike.setdefault((said, traceback.key), []).append(number)
    exceptions, told = [], []
    for (summary, _), numbers in alike.items():
        error, traceback = failed[numbers[0]]
        where = named(numbers, unit)
        texts = {_CELL.sub("<cell>", failed[each][1].text) for each in numbers}
        whose = f", with the values of {named(numbers[:1], unit)}" if len(texts) > 1 else ""
        add_note(
            error, f"On {where}{whose}:\n{traceback.text}" if traceback.text else f"On {where}."
        )
        exceptions.append(error)
        told.append(f"{where}: {summary.splitlines()[0][:200] if summary else ''}")
    shown = told[:_MOST_TOLD] + ([f"{len(told) - _MOST_TOLD} more"] if told[_MOST_TOLD:] else [])
    message = f"{len(failed)} of {count} {unit}s raised. " + "; ".join(shown)
    group = EngineErrors(message, exceptions)
    errors = {number: error for number, (error, _) in failed.items()}
    if unit == "engine":
        group.by_engine = errors
    else:
        group.by_item = errors
    return group


def named(numbers: Sequence[int], unit: str = "engine") -> str:
    """``engine 3``, ``engines 0 to 3 and 7``."""
    if len(numbers) == 1:
        return f"{unit} {numbers[0]}"
    runs: list[list[int]] = []
    for each in sorted(numbers):
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    words: list[str] = []
    for run in runs:
        joint = "" if len(run) == 1 else " and " if len(run) == 2 else " to "
        words.append(f"{run[0]}{joint}{run[-1]}" if joint else str(run[0]))
    if len(words) > _MOST_NAMED:
        words = [*words[:_MOST_NAMED], "others"]
    *first, last = words
    return f"{unit}s {', '.join(first)} and {last}" if first else f"{unit}s {last}"


__all__ = [
    "CallAbortedError",
    "ClusterError",
    "EngineErrors",
    "EngineLostError",
    "RemoteError",
    "TaskError",
    "WireError",
    "ZmtpError",
]
