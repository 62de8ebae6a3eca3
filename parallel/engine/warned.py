"""The warnings that a cell issues, beside the text that Python writes of them.

Rules:

1. What the program sees of the module ``warnings`` stays as it is: filters, ``showwarning``,
   ``catch_warnings`` and what they record.
2. Only what Python shows is told: where nothing is written, nothing is noted.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ...core.compiler import real_path

if TYPE_CHECKING:
    from .front_end import EngineFrontEnd
    from .output import Output

_MAXIMUM = 100
_LONGEST = 2000  # characters


def install(output: Output, front_end: EngineFrontEnd) -> None:
    """Note from now on what is warned of, with the run that it belongs to."""
    held: Any = warnings
    show = getattr(held, "_showwarnmsg_impl", None)
    if show is None:
        return  # a Python that has it otherwise: warnings are text there

    def noted(message: Any) -> None:
        front_end.warn(output.run_of_caller, message)
        show(message)

    held._showwarnmsg_impl = noted


def note(noted: list[dict[str, Any]], message: Any) -> None:
    """Add a warning to those of its cell, each line once."""
    try:
        entry = {
            "category": str(message.category.__name__),
            "message": str(message.message)[:_LONGEST],
            "path": real_path(str(message.filename)),
            "line": int(message.lineno),
        }
    except Exception:  # noqa: BLE001 - a class of the user's says what it likes; the text is shown
        return
    if len(noted) < _MAXIMUM and entry not in noted:
        noted.append(entry)
