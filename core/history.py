"""History: every input, of every session, in one SQLite file.

Rules:

1. An input is written, in a transaction of its own, before its cell runs: a session that is
   killed has lost nothing it had begun. With write-ahead logging that costs tens of
   microseconds; where a probe shows that it does not work (network homes), a rollback journal
   is used.
2. Several processes write at once; each has a session number of its own.
3. A database that is damaged is set aside under a dated name and a fresh one begun; one that is
   locked or read-only is left alone, and the session keeps its history in memory. On a disk that
   is full inputs wait in memory until there is room. Each is told in one sentence, once.
4. Reading and writing may come from different threads. A search, which may look at a million
   inputs, has a connection of its own: no cell waits for it.
"""

from __future__ import annotations

import errno
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from .errors import UsageError
from .private_files import make_folder, open_file

try:
    import sqlite3

    _HAS_SQLITE = True
except ImportError:  # a Python that was built without it
    _HAS_SQLITE = False

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    session INTEGER PRIMARY KEY AUTOINCREMENT, started REAL NOT NULL, ended REAL);
CREATE TABLE IF NOT EXISTS history (
    session INTEGER NOT NULL, line INTEGER NOT NULL, started REAL NOT NULL,
    source TEXT NOT NULL, transformed TEXT,
    PRIMARY KEY (session, line)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outputs (
    session INTEGER NOT NULL, line INTEGER NOT NULL, output TEXT NOT NULL,
    PRIMARY KEY (session, line)) WITHOUT ROWID;
"""
_BUSY_SECONDS = 5.0
_CACHE_KIBIBYTES = 256
_RANGE = re.compile(
    r"^(?:(?P<back>~)?(?P<session>\d+)/)?(?P<first>\d+)?"
    r"(?P<dash>-(?:(?:(?P<end_back>~)?(?P<end_session>\d+)/)?(?P<last>\d+)?)?)?$"
)


class HistoryEntry(NamedTuple):
    """An input of a session."""

    session: int
    line: int
    source: str
    """As typed."""
    transformed: str | None = None
    """The Python that ran, where it differs."""
    output: str | None = None


class History:
    """The history of one session among all. ``path`` None keeps it in memory.

    The file is opened at first use. ``report`` gets the one sentence about a file that cannot
    be used. Without ``sqlite3`` it is a :class:`HistoryInMemory`.
    """

    def __new__(cls, *arguments: object, **options: object) -> History:
        """One of the class that this Python can have."""
        if cls is History and not _HAS_SQLITE:
            from .history_in_memory import HistoryInMemory

            return super().__new__(HistoryInMemory)
        return super().__new__(cls)

    def __init__(
        self, path: str | Path | None = None, *, report: Callable[[str], None] | None = None
    ) -> None:
        self.path = Path(path) if path is not None else None
        self.report = report or (lambda text: None)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._session: int | None = None
        self._waits = False
        """Whether there are rows in memory that the file is to get."""
        self._is_aside = False
        """Whether the database in use is in memory until the file can be opened."""

    @property
    def session(self) -> int:
        """This session's number."""
        with self._lock:
            self._open()
            assert self._session is not None
            return self._session

    # --- Writing ---------------------------------------------------------------------------

    def add(self, line: int, source: str, transformed: str | None = None) -> None:
        """Keep input ``line``; ``transformed`` only where it differs from the source."""
        row = (line, time.time(), source, None if transformed == source else transformed)
        self._write("history", "session, line, started, source, transformed", row)

    def add_all(self, inputs: Sequence[tuple[int, str, str | None]]) -> None:
        """Keep several inputs, as :meth:`add` does each: in one transaction, where that goes."""
        with self._lock:
            if len(inputs) == 1 or not self._add_at_once(inputs):
                for each in inputs:
                    self.add(*each)

    def _add_at_once(self, inputs: Sequence[tuple[int, str, str | None]]) -> bool:
        """Whether the file has taken all of them; if not it has none, and :meth:`add` says why."""
        connection, now = self._open(), time.time()
        if self._waits:
            return False
        rows = [
            (self._session, line, now, source, None if transformed == source else transformed)
            for line, source, transformed in inputs
        ]
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT OR REPLACE INTO main.history "
                "(session, line, started, source, transformed) VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            connection.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            return False
        return True

    def add_output(self, line: int, output: str) -> None:
        """Keep the text of a value."""
        self._write("outputs", "session, line, output", (line, output))

    def _write(self, table: str, columns: str, row: tuple[object, ...]) -> None:
        marks = ", ".join("?" * (len(row) + 1))
        statement = f"INSERT OR REPLACE INTO main.{table} ({columns}) VALUES ({marks})"
        with self._lock:
            for _ in range(2):
                connection = self._open()
                whole = (self._session, *row)
                try:
                    if self._waits and not self._is_aside:
                        _waiting().add(connection, table, whole)
                    else:
                        connection.execute(statement, whole)
                    if self._waits:
                        self._write_waiting(connection)
                    return
                except sqlite3.Error as error:
                    self._give_up(error)

    def _write_waiting(self, connection: sqlite3.Connection) -> None:
        """Give the file what waits, if it takes it."""
        assert self.path is not None
        try:
            if not self._is_aside:
                _waiting().settle(connection)
                self._waits = False
                return
            opened = self._open_file(self.path)
            try:
                number = self._begin(opened)
                _waiting().move(connection, opened, number)
            except sqlite3.Error:
                opened.close()
                raise
        except (sqlite3.Error, OSError):
            return  # it was told when the waiting began
        connection.close()
        self._connection, self._session = opened, number
        self._waits = self._is_aside = False

    def add_once(self, line: int, source: str, since: float) -> None:
        """Keep an input of a session that is gone, unless it kept it itself.

        ``since``: when its cell began, in seconds since the epoch.
        """
        query = "SELECT 1 FROM history WHERE source = ? AND started >= ? LIMIT 1"
        with self._lock:
            try:
                found = self._open().execute(query, (source, since)).fetchone()
            except sqlite3.Error as error:
                self._give_up(error)
                return
            if found is None:
                self.add(line, source)

    def close(self) -> None:
        """End the session; a later use opens a new one."""
        with self._lock:
            if self._connection is None:
                return
            if self._waits:
                self._write_waiting(self._connection)
            self._waits = self._is_aside = False
            try:
                self._connection.execute(
                    "UPDATE sessions SET ended = ? WHERE session = ?", (time.time(), self._session)
                )
            except sqlite3.Error:
                pass  # the end of a session is worth no complaint
            self._connection.close()
            self._connection = None

    # --- Reading ---------------------------------------------------------------------------

    def tail(
        self, count: int, *, include_latest: bool = True, output: bool = False
    ) -> list[HistoryEntry]:
        """The last ``count`` inputs of all sessions, oldest first."""
        skip = 0 if include_latest else 1
        where = "1 ORDER BY history.session DESC, history.line DESC LIMIT ? OFFSET ?"
        return self._select(where, (count, skip), output=output)[::-1]

    def search(
        self,
        pattern: str = "*",
        *,
        count: int | None = None,
        unique: bool = False,
        output: bool = False,
    ) -> list[HistoryEntry]:
        """The inputs that match a glob pattern, oldest first; ``unique``: the latest of equals."""
        if unique and count is None:
            return self._search_unique(pattern, output)
        where = "history.source GLOB ? ORDER BY history.session DESC, history.line DESC"
        found: list[HistoryEntry] = []
        seen: set[str] = set()
        with self._reader() as connection:
            for entry in self._iterate(connection, where, (pattern,), output=output):
                if unique:
                    if entry.source in seen:
                        continue
                    seen.add(entry.source)
                found.append(entry)
                if count is not None and len(found) >= count:
                    break
        return found[::-1]

    def _search_unique(self, pattern: str, output: bool) -> list[HistoryEntry]:
        """All that match, of equal ones the latest: SQLite sorts no more than it must."""
        # Of a group, SQLite gives the row that has the maximum: the latest of equal inputs.
        latest = "max(history.session << 32 | history.line)"
        shown, joined = _outputs(output)
        query = (
            f"SELECT {latest}, source, transformed, {shown} FROM history {joined} "
            "WHERE source GLOB ? GROUP BY source ORDER BY 1"
        )
        with self._reader() as connection:
            try:
                rows = connection.execute(query, (pattern,)).fetchall()
            except sqlite3.Error as error:
                self._give_up(error)
                return []
        make = HistoryEntry._make
        return [make((at >> 32, at & 2**32 - 1, *rest)) for at, *rest in rows]

    def range(
        self, session: int = 0, first: int = 1, last: int | None = None, *, output: bool = False
    ) -> list[HistoryEntry]:
        """Inputs ``first`` to before ``last`` of a session; 0 is this one, -1 the one before."""
        number = session if session > 0 else self._sessions_back(-session)
        return self._lines_of(number, first, last, output=output)

    def _lines_of(
        self, number: int, first: int = 1, last: int | None = None, *, output: bool
    ) -> list[HistoryEntry]:
        """The inputs of a session by its number; none of one that there is not."""
        where = "history.session = ? AND history.line >= ? AND history.line < ? ORDER BY 1, 2"
        bound = last if last is not None else 2**31
        return self._select(where, (number, first, bound), output=output)

    def ranges(self, text: str, *, output: bool = False) -> list[HistoryEntry]:
        """The inputs that a user's ranges name: ``4-``, ``~8/1-~6/5``, ``243/1-5``, ``1 3-5``.

        Raises :class:`UsageError` for a range that cannot be read.
        """
        found: list[HistoryEntry] = []
        for word in text.split():
            match = _RANGE.match(word)
            if match is None or word in ("", "-"):
                raise UsageError(
                    f"{word!r} is no history range; write for instance 4-6, 4-, ~1/ or 243/1-5."
                )
            found += self._one_range(match, output)
        return found

    def _one_range(self, match: re.Match[str], output: bool) -> list[HistoryEntry]:
        start = self._number(match["back"], match["session"])
        first = int(match["first"] or 1)
        if not match["dash"]:
            last = first + 1 if match["first"] else None
            return self._lines_of(start, first, last, output=output)
        if match["end_session"] is None:
            last = int(match["last"]) + 1 if match["last"] else None
            return self._lines_of(start, first, last, output=output)
        end = self._number(match["end_back"], match["end_session"])
        found = self._lines_of(start, first, output=output)
        for session in range(start + 1, end):
            found += self._lines_of(session, output=output)
        last = int(match["last"]) + 1 if match["last"] else None
        return found + self._lines_of(end, 1, last, output=output)

    def _number(self, back: str | None, session: str | None) -> int:
        if session is None:
            return self.session
        return self._sessions_back(int(session)) if back else int(session)

    def _sessions_back(self, count: int) -> int:
        """The session ``count`` before this one that has inputs; this one for 0, -1 for none."""
        if count == 0:
            return self.session
        with self._lock:
            connection = self._open()
            try:
                row = connection.execute(
                    "SELECT session FROM sessions WHERE session < ? AND EXISTS "
                    "(SELECT 1 FROM history WHERE history.session = sessions.session) "
                    "ORDER BY session DESC LIMIT 1 OFFSET ?",
                    (self._session, count - 1),
                ).fetchone()
            except sqlite3.Error as error:
                self._give_up(error)
                return -1
        return int(row[0]) if row else -1

    def _select(
        self, where: str, values: tuple[object, ...], *, output: bool
    ) -> list[HistoryEntry]:
        with self._lock:
            connection = self._open()
            try:
                return _at_once(connection, where, values, output=output)
            except sqlite3.OperationalError:
                # An SQLite without JSON (before 3.38 it was optional), or another failure: that
                # is told by the plain way.
                return list(self._iterate(connection, where, values, output=output))

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for a long look, beside which others may write (rule 4)."""
        with self._lock:
            connection = self._open()
            if self.path is None or self._waits:  # in memory there is but one
                yield connection
                return
            reader = self._connect(self.path)
        try:
            yield reader
        finally:
            reader.close()

    def _iterate(
        self,
        connection: sqlite3.Connection,
        where: str,
        values: tuple[object, ...],
        *,
        output: bool,
    ) -> Iterator[HistoryEntry]:
        try:
            yield from map(
                HistoryEntry._make, connection.execute(_query(where, output=output), values)
            )
        except sqlite3.Error as error:
            self._give_up(error)

    # --- Opening ---------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        if self.path is not None:
            try:
                return self._open_patiently(self.path)
            except (sqlite3.Error, OSError) as error:
                if _is_lack_of_room(error):
                    self._tell_that_it_waits(error)
                    self._waits = self._is_aside = True
                elif (fresh := self._set_aside(error)) is not None:
                    return fresh
        return self._use(sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None))

    def _open_patiently(self, path: Path) -> sqlite3.Connection:
        """Open the file, also while other sessions open it for the first time.

        SQLite's own patience does not cover the change of the journal's mode.
        """
        end = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                return self._use(self._open_file(path))
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
            time.sleep(0.01)

    def _use(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Begin this session in a database; after that it is the one in use."""
        try:
            self._session = self._begin(connection)
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection
        return connection

    @staticmethod
    def _begin(connection: sqlite3.Connection) -> int:
        """Begin a session in a database; its number. Raises ``sqlite3.Error``."""
        connection.executescript(_SCHEMA)
        row = (time.time(),)
        cursor = connection.execute("INSERT INTO sessions (started) VALUES (?)", row)
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    @staticmethod
    def _open_file(path: Path) -> sqlite3.Connection:
        make_folder(path.parent)
        # Inputs may hold secrets. SQLite gives its other files the mode of this one.
        if not path.exists():
            os.close(open_file(path, os.O_RDWR))
        connection = History._connect(path)
        try:
            # SQLite would keep each page that is written until it has 2 MiB of them: 48 bytes an
            # input, for texts that are read again by the few. Writing costs the same with less.
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode == "wal":
                connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(
            path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )

    def _set_aside(self, error: Exception) -> sqlite3.Connection | None:
        """After a failure: a fresh database if the file is damaged; tell what happened."""
        assert self.path is not None
        if not _is_damage(error):
            self.report(
                f"The history {self.path} cannot be used ({error}); this session keeps its "
                "history in memory. Check that the file and its folder can be written."
            )
            return None
        aside = self.path.with_name(
            f"{self.path.stem}-damaged-{time.strftime('%Y%m%d-%H%M%S')}{self.path.suffix}"
        )
        try:
            for suffix in ("", "-wal", "-shm"):
                source = Path(f"{self.path}{suffix}")
                if source.exists():
                    source.rename(f"{aside}{suffix}")
            connection = self._use(self._open_file(self.path))
        except (sqlite3.Error, OSError) as failure:
            self.report(
                f"The history {self.path} is damaged ({error}) and cannot be replaced ({failure}); "
                "this session keeps its history in memory."
            )
            return None
        self.report(
            f"The history {self.path} was damaged ({error}); it is set aside as {aside.name} "
            "and a fresh one begun. This session has lost nothing."
        )
        return connection

    def _tell_that_it_waits(self, error: Exception) -> None:
        self.report(
            f"The history {self.path} cannot be written ({_reason(error)}): inputs wait in memory "
            "until there is room. Free some space."
        )

    def _give_up(self, error: sqlite3.Error) -> None:
        """After a failure in use: wait for room, go on with a fresh database, or in memory."""
        if _is_lack_of_room(error) and self._connection is not None and not self._waits:
            self._tell_that_it_waits(error)
            try:
                _waiting().begin(self._connection)
                self._waits = True
                return
            except sqlite3.Error:
                pass  # then it is in memory, as it is said below
        self._waits = self._is_aside = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self.path is not None and self._set_aside(error) is None:
            self.path = None


def _query(where: str, *, output: bool) -> str:
    """What selects entries: the fields of a :class:`HistoryEntry`."""
    shown, joined = _outputs(output)
    return (
        "SELECT history.session AS session, history.line AS line, history.source AS source, "
        f"history.transformed AS transformed, {shown} AS output FROM history {joined} "
        f"WHERE {where}"
    )


def _at_once(
    connection: sqlite3.Connection, where: str, values: tuple[object, ...], *, output: bool
) -> list[HistoryEntry]:
    """The entries as one row.

    For each row SQLite's module gives the interpreter's lock away; beside busy threads each time
    costs a wait for it, 20 rows a tenth of a second.
    """
    import json

    query = (
        "SELECT json_group_array(json_array(session, line, source, transformed, output)) "
        f"FROM ({_query(where, output=output)})"
    )
    (text,) = connection.execute(query, values).fetchone()
    return [HistoryEntry._make(entry) for entry in json.loads(text)]


def _outputs(wanted: bool) -> tuple[str, str]:
    """The column with the texts of values, and the join that it needs."""
    if not wanted:
        return "NULL", ""
    return "outputs.output", "LEFT JOIN outputs USING (session, line)"


def _is_lack_of_room(error: Exception) -> bool:
    """Whether a failure may go away by itself: a full disk, a spent quota, a disk that fails."""
    if isinstance(error, sqlite3.OperationalError):
        return "is full" in str(error) or "disk I/O error" in str(error)
    lacks = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return isinstance(error, OSError) and error.errno in lacks


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _waiting() -> ModuleType:
    """What is done with rows that wait: few sessions need it."""
    from . import history_waiting

    return history_waiting


def _is_damage(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, sqlite3.DatabaseError) and (
        "malformed" in text or "not a database" in text or "corrupt" in text
    )
