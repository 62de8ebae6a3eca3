"""The errors of the core.

Each one's text says what happened, to what, and what to do next. Front ends show a
:class:`UsageError` as one sentence, without a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable


class VivoError(Exception):
    """Base of every error that vivo itself raises."""


class UsageError(VivoError, ValueError):
    """A magic, an option or a setting was used wrongly; the text is one clear sentence."""


class AlreadyReportedError(VivoError):
    """A cell within the cell has failed, and the user has seen its error: nothing more to show."""


def nearest(name: str, known: Iterable[str], *, count: int = 1, cutoff: float = 0.6) -> list[str]:
    """The known names that a mistyped one may mean, the likeliest first: for an error's text.

    ``cutoff`` is how alike they must be, from 0 to 1.
    """
    import difflib  # it costs a start more than all our errors ever do

    return difflib.get_close_matches(name, list(known), n=count, cutoff=cutoff)
