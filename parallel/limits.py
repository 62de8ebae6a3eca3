"""What a cell may print and display, as the environment says."""

from __future__ import annotations

import os

from .errors import SessionError

DEFAULT_LIMIT = 16 * 2**20
"""Characters that a cell may print, head and tail together; displays: four times that in bytes."""


def output_limit() -> int:
    """What ``VIVO_OUTPUT_LIMIT`` says, in characters a cell; 16 Mi of them if it is not set.

    Raises :class:`SessionError` if it is no number.
    """
    told = os.environ.get("VIVO_OUTPUT_LIMIT", "")
    if not told:
        return DEFAULT_LIMIT
    if not told.isdecimal():
        raise SessionError(
            f"VIVO_OUTPUT_LIMIT is {told!r}: give a number of characters, as 16777216, or unset it."
        )
    return int(told)
