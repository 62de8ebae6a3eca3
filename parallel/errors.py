"""The errors of sessions, their wire and their files."""

from __future__ import annotations

from ..core.errors import VivoError


class SessionError(VivoError, RuntimeError):
    """A session could not be started, reached or ended."""


class WireError(VivoError, ValueError):
    """A message on the wire is not what the protocol says; its sender is told or logged."""


class ConnectionFileError(VivoError, ValueError):
    """A connection file cannot be read or is not one."""


class JournalError(VivoError, ValueError):
    """A journal cannot be read where it should be readable."""
