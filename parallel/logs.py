"""Loggers that load Python's own with their first line.

Most sessions never log one, and ``logging`` takes a keeper's start longer than its sockets do.
"""

from __future__ import annotations

from typing import Any


class Log:
    """The logger of a name, with all its methods, found when it is first asked for one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        import logging

        return getattr(logging.getLogger(self._name), method)
