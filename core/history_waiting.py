"""Inputs that wait for room on the disk: in memory, seen by whoever reads the history.

Theory of operation: SQLite looks a name up among temporary tables first. While something waits, a
temporary view stands before each table of the file and gives its rows and those that wait, so that
no query needs to know. ``temp_store`` keeps both in memory.
"""

from __future__ import annotations

import sqlite3

_COLUMNS = {
    "history": "session, line, started, source, transformed",
    "outputs": "session, line, output",
}


def begin(connection: sqlite3.Connection) -> None:
    """Let rows wait from here on. Raises ``sqlite3.Error``."""
    connection.execute("PRAGMA temp_store = MEMORY")
    for table, columns in _COLUMNS.items():
        connection.execute(
            f"CREATE TEMP TABLE waiting_{table} AS SELECT {columns} FROM {table} LIMIT 0"
        )
        connection.execute(
            f"CREATE TEMP VIEW {table} AS SELECT {columns} FROM main.{table} "
            f"UNION ALL SELECT {columns} FROM temp.waiting_{table}"
        )


def add(connection: sqlite3.Connection, table: str, row: tuple[object, ...]) -> None:
    """Let a row of ``history`` or ``outputs`` wait. Raises ``sqlite3.Error``."""
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO temp.waiting_{table} VALUES ({marks})", row)


def settle(connection: sqlite3.Connection) -> None:
    """Write what waits into the file, all or nothing. Raises ``sqlite3.Error``: it waits on."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table, columns in _COLUMNS.items():
            connection.execute(
                f"INSERT OR REPLACE INTO main.{table} ({columns}) "
                f"SELECT {columns} FROM temp.waiting_{table}"
            )
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    for table in _COLUMNS:
        connection.execute(f"DROP VIEW temp.{table}")
        connection.execute(f"DROP TABLE temp.waiting_{table}")


def move(source: sqlite3.Connection, target: sqlite3.Connection, session: int) -> None:
    """Put the rows of a database in memory into the file, as that session's.

    Raises ``sqlite3.Error``.
    """
    target.execute("BEGIN IMMEDIATE")
    try:
        for table, columns in _COLUMNS.items():
            rows = source.execute(f"SELECT {columns} FROM {table}").fetchall()
            marks = ", ".join("?" * len(columns.split(",")))
            target.executemany(
                f"INSERT OR REPLACE INTO main.{table} ({columns}) VALUES ({marks})",
                [(session, *row[1:]) for row in rows],
            )
        target.execute("COMMIT")
    except sqlite3.Error:
        if target.in_transaction:
            target.execute("ROLLBACK")
        raise
