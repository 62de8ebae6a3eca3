"""The journaled queue: tasks and results outlive the controller.

A record is an event of a :class:`~vivo.parallel.journal.Journal`: kind, JSON, buffers. Rules:

1. What was committed is on the disk: :meth:`TaskLog.commit` returns after it is, or raises.
2. Commits are in groups: all that came while one was being written is the next one.
3. A record that is torn or damaged is passed by, and what is after it counts.
4. The log does not grow with tasks that were collected: once most of it is of such, what is left
   is written again, beside it, and takes its place whole. Of those only their ends stay.
5. A record that comes again changes nothing: a task that has ended does not wait again.
6. A file of a task's data stays until the record that makes it needless is on the disk.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from ....core.private_files import sync_folder
from ...errors import JournalError
from ...journal import Event, Journal
from .payloads import Buffer, InFile, Payloads
from .tasks import REMEMBERED, Outcome

_log = logging.getLogger(__name__)
_SEGMENT = 64 * 2**20
_SMALLEST_REWRITTEN = 64 * 2**20
_ENDED_AT_ONCE = 1000


class StoredTask(msgspec.Struct):
    """A task as it was submitted, and who has."""

    spec: dict[str, Any]
    client: str
    buffers: list[Buffer]
    taken: float = msgspec.field(default_factory=time.time)
    """When this process has come to know it."""


class StoredResult(msgspec.Struct):
    """The end of a task, until it is collected."""

    content: dict[str, Any]
    client: str
    buffers: list[Buffer]


class Entry(msgspec.Struct):
    """A record that is to be committed."""

    kind: str
    content: Any
    buffers: list[Buffer]


def _parts(entry: Entry) -> list[bytes]:
    """The parts of a record: files are named in its JSON, with nothing in their places."""
    files = {
        str(at): [each.path, each.size]
        for at, each in enumerate(entry.buffers)
        if isinstance(each, InFile)
    }
    head = msgspec.json.encode([entry.content, files])
    held = [b"" if isinstance(each, InFile) else each for each in entry.buffers]
    return [entry.kind.encode(), head, *held]


def _entry(parts: list[bytes]) -> Entry:
    content, files = msgspec.json.decode(parts[1])
    buffers: list[Buffer] = list(parts[2:])
    for at, (path, size) in files.items():
        buffers[int(at)] = InFile(path, size)
    return Entry(parts[0].decode(), content, buffers)


class TaskLog:
    """The log of a cluster's tasks, and what it tells."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`JournalError` if another controller has it."""
        self._folder = folder
        self.tasks: dict[str, StoredTask] = {}
        """Those that have not ended."""
        self.results: dict[str, StoredResult] = {}
        """Those that were not collected."""
        self.ended: OrderedDict[str, Outcome] = OrderedDict()
        """How the last tasks ended, those that were collected too."""
        self.functions: dict[str, bytes] = {}
        self.payloads = Payloads(folder / "payloads")
        self._number = self._newest()
        self._needless: list[Buffer] = []
        self._looked = 0  # bytes of the log when it was last thought of rewriting it
        self._journal = self._open(self._number)
        for entry in self._read():
            self.apply(entry)
        self.payloads.remove_others(self._files())
        self._bytes = self._size_on_disk()

    def _newest(self) -> int:
        numbers = [
            int(path.name.removeprefix("tasks-"))
            for path in self._folder.glob("tasks-*")
            if path.name.removeprefix("tasks-").isdecimal()
        ]
        for old in sorted(numbers)[:-1]:
            shutil.rmtree(self._folder / f"tasks-{old}", ignore_errors=True)
        for path in self._folder.glob("new-*"):
            shutil.rmtree(path, ignore_errors=True)  # a rewriting that was not finished
        return max(numbers, default=0)

    def _open(self, number: int, name: str = "tasks") -> Journal:
        folder = self._folder / f"{name}-{number}"
        return Journal(folder, segment_bytes=_SEGMENT, is_synced=True)

    def _read(self) -> Iterator[Entry]:
        for item in self._journal.read():
            if not isinstance(item, Event):
                _log.warning("The task log lacks some records: %s", item.reason)
                continue
            try:
                yield _entry(item.parts)
            except (msgspec.DecodeError, ValueError, IndexError, TypeError) as error:
                _log.warning("A record of the task log is passed by: %s", error)

    def apply(self, entry: Entry) -> None:
        """Take a record into what the log tells."""
        content, buffers = entry.content, entry.buffers
        if entry.kind == "function":
            self.functions[content["digest"]] = bytes(buffers[0])  # type: ignore[arg-type]
        elif entry.kind == "task":
            stored = StoredTask(content["spec"], content["client"], buffers)
            if stored.spec["id"] not in self.ended:
                self.tasks[stored.spec["id"]] = stored
        elif entry.kind == "result":
            done = self.tasks.pop(content["task"], None)
            if done is not None:
                self._needless += done.buffers
                told = {key: value for key, value in content.items() if key != "client"}
                self.results[content["task"]] = StoredResult(told, content["client"], buffers)
                self._note_end(content["task"], content["status"])
        elif entry.kind == "collected":
            for name in content["tasks"]:
                result = self.results.pop(name, None)
                if result is not None:
                    self._needless += result.buffers
        elif entry.kind == "ended":
            for name, outcome in content["tasks"]:
                self._note_end(name, outcome)

    def _note_end(self, name: str, outcome: Outcome) -> None:
        self.ended[name] = outcome
        if len(self.ended) > REMEMBERED:
            self.ended.popitem(last=False)

    def take_back(self, names: Iterable[str], functions: Iterable[str]) -> None:
        """Tasks and functions whose records could not be written: they were never taken in."""
        for digest in functions:
            self.functions.pop(digest, None)
        for name in names:
            task = self.tasks.pop(name, None) or self.results.pop(name, None)
            self.ended.pop(name, None)
            if task is not None:
                self.payloads.remove(task.buffers)

    def take_needless(self) -> list[Buffer]:
        """What may be removed once all records of now are on the disk (rule 6)."""
        needless, self._needless = self._needless, []
        return needless

    def commit(self, entries: list[Entry]) -> None:
        """Write records down to the disk (rule 1). Raises :class:`JournalError` if that fails.

        May run in another thread than the rest, one at a time.
        """
        if not entries:
            return
        parts = [_parts(each) for each in entries]
        self._journal.append_all(parts)
        try:
            if self._journal.is_failing:
                raise OSError
            self._journal.sync()
        except OSError:
            raise JournalError(
                f"The task log in {self._folder} cannot be written: free some space there."
            ) from None
        self._bytes += sum(len(each) for record in parts for each in record)

    # --- Rewriting -------------------------------------------------------------------------

    @property
    def wants_rewriting(self) -> bool:
        """Whether most of the log is of tasks that nobody needs."""
        if self._bytes < max(_SMALLEST_REWRITTEN, 1.25 * self._looked):
            return False
        self._looked = self._bytes  # the look costs as much as there are tasks
        return self._bytes > 3 * self._size_of_all()

    def _size_of_all(self) -> int:
        held: list[StoredTask | StoredResult] = [*self.tasks.values(), *self.results.values()]
        small = sum(
            len(each) for kept in held for each in kept.buffers if not isinstance(each, InFile)
        )
        return small + 300 * len(held) + sum(map(len, self.functions.values()))

    def left(self) -> list[Entry]:
        """What a new log would hold; functions that no task needs are let go of."""
        used = {task.spec["function"] for task in self.tasks.values()}
        self.functions = {each: data for each, data in self.functions.items() if each in used}
        return list(self._all())

    def rewrite(self, entries: list[Entry]) -> None:
        """Let a log of these records take the old one's place. Raises ``JournalError``.

        May run in another thread than the rest, as :meth:`commit`.
        """
        number = self._number + 1
        made = self._open(number, "new")
        try:
            for entry in entries:
                made.append_all([_parts(entry)])
            if made.is_failing:
                raise JournalError("there is no room.")
            made.sync()
        except (JournalError, OSError) as error:
            made.close()
            shutil.rmtree(self._folder / f"new-{number}", ignore_errors=True)
            raise JournalError(f"The task log cannot be rewritten: {error}") from None
        made.close()
        (self._folder / f"new-{number}").rename(self._folder / f"tasks-{number}")
        sync_folder(self._folder)
        self._journal.close()
        shutil.rmtree(self._folder / f"tasks-{self._number}", ignore_errors=True)
        self._number = number
        self._journal = self._open(number)
        self._bytes, self._looked = self._size_on_disk(), 0

    def _all(self) -> Iterable[Entry]:
        for digest, pickled in self.functions.items():
            yield Entry("function", {"digest": digest}, [pickled])
        for task in self.tasks.values():
            yield Entry("task", {"spec": task.spec, "client": task.client}, task.buffers)
        for name, result in self.results.items():
            # A result counts for a task that is known: it comes first, without its payload.
            yield Entry("task", {"spec": {"id": name}, "client": result.client}, [])
            yield Entry("result", {**result.content, "client": result.client}, result.buffers)
        # After the results, since a task that has ended is not taken in (rule 5).
        ended = iter(self.ended.items())
        while some := list(islice(ended, _ENDED_AT_ONCE)):  # as text they take less room
            yield Entry("ended", {"tasks": msgspec.Raw(msgspec.json.encode(some))}, [])

    def _size_on_disk(self) -> int:
        return sum(path.stat().st_size for path in self._journal.folder.glob("events-*.log"))

    def _files(self) -> set[str]:
        held: list[StoredTask | StoredResult] = [*self.tasks.values(), *self.results.values()]
        return {each.path for kept in held for each in kept.buffers if isinstance(each, InFile)}

    def close(self) -> None:
        """Close the files. The log stays."""
        self._journal.close()

    def remove(self) -> None:
        """Remove the log: its cluster was stopped, and nobody can ask for its results."""
        self.close()
        for path in (*self._folder.glob("tasks-*"), self._folder / "payloads"):
            shutil.rmtree(path, ignore_errors=True)
