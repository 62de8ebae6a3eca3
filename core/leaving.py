"""``exit`` and ``quit`` in a session, and what they say where nothing can be left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import UsageError

if TYPE_CHECKING:
    from .shell import Shell

STAYS = (
    "The session outlives its front ends; close the editor or console to leave it running, or end "
    "it with `vivo sessions end`."
)


class Leave:
    """``exit``: called, it leaves the loop that reads cells; shown, it says how to leave."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def __call__(self, *_: Any) -> None:
        """Leave the loop. Raises :class:`UsageError` where there is none."""
        if not self._shell.can_exit:
            raise UsageError(STAYS)
        self._shell.exit_requested = True

    def __repr__(self) -> str:
        return "Call it: exit() leaves." if self._shell.can_exit else STAYS
