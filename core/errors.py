"""The errors of the core.

Each one's text says what happened, to what, and what to do next. Front ends show a
:class:`UsageError` as one sentence, without a traceback.
"""

from __future__ import annotations


class VivoError(Exception):
    """Base of every error that vivo itself raises."""


class UsageError(VivoError, ValueError):
    """A magic, an option or a setting was used wrongly; the text is one clear sentence."""


class AlreadyReportedError(VivoError):
    """A cell within the cell has failed, and the user has seen its error: nothing more to show."""
