"""``%debug ENGINE``: the post-mortem of an error where it was raised.

Theory of operation: the engine keeps the last error of its cells and of its direct calls with its
frames. A cell with ``%debug`` there asks its questions, as any cell on engines does, of whoever
runs it: the debugger's prompt is here, and its frames are there.
"""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Any

from ...core.errors import UsageError
from .errors import EngineErrors, named
from .executing import Console

if TYPE_CHECKING:
    from .views import DirectView

_last: tuple[int, DirectView] | None = None
"""The identity of the last error of a view, and the view: an error of Python's own has no weak
references, and a strong one would keep all that its frames hold."""


def remember(error: Exception, view: DirectView) -> None:
    """An error of a view is about to be raised."""
    global _last  # noqa: PLW0603 - there is one last error
    _last = id(error), view
    shell: Any = getattr(builtins, "get_ipython", lambda: None)()
    debugging = getattr(shell, "debugging", None)
    if debugging is not None:
        debugging.elsewhere = enter


def enter(error: BaseException, text: str) -> bool:
    """Enter the post-mortem of the engine that a text names, if the error is one of engines.

    Raises :class:`UsageError` for an engine that has not failed.
    """
    if _last is None or _last[0] != id(error):
        return False
    view = _last[1]
    alone: int = getattr(error, "engine", -1)
    failed = sorted(error.by_engine) if isinstance(error, EngineErrors) else [alone]
    failed = [each for each in failed if each in view.engines]
    if not failed:
        return False
    if not text:
        where = " or ".join(map(str, failed[:5]))
        print(f"This is the post-mortem of the code here; %debug {where} is that of the engine.")
        return False
    if re.fullmatch(r"\d+", text) is None:
        return False
    if int(text) not in failed:
        raise UsageError(f"Engine {text} has not failed: the error is of {named(failed)}.")
    console = Console(is_single=True)
    result = view.only(int(text)).begin("%debug", console, store_history=False)
    console.attend(result)
    result.get()
    return True
