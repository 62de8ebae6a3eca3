"""A child that a cell forked off ends where the cell does, as a program's ends with its text.

It has the whole engine in its memory, yet the session is its parent's: it must never read what the
keeper sends, nor write the history. What it prints is its cell's, as any child's.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from ...core.safe import isinstance_exact


def leave(error: BaseException | None = None) -> NoReturn:
    """End the child with the status and the words that a program would end with."""
    status = 1
    try:
        status = _told(error)
    finally:
        os._exit(status)


def _told(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance_exact(error, SystemExit):
        code = SystemExit.__dict__["code"].__get__(error)
        if code is None or isinstance_exact(code, int):
            return int(code or 0) & 0xFF
        sys.stderr.write(f"{code}\n")
        return 1
    from ...core.tracebacks import leave_out_own_frames, report_of

    leave_out_own_frames(error)
    sys.stderr.write(report_of(error).text() + "\n")
    return 1
