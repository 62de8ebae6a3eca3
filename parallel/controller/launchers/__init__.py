"""Launchers: what starts the engines of a cluster.

A launcher starts processes and forgets them: an engine says by itself, over its link to the
controller, that it is there, and is ended over that link too. So a launcher is small:
:class:`Launcher` is all that it must be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from ...errors import SessionError
from ...launch import SessionOptions, new_spec


class Order(msgspec.Struct, frozen=True):
    """What engines are to be."""

    cluster: str
    """The cluster's name."""
    numbers: list[int]
    """One for each engine that is wanted."""
    controller: str
    """The address that they connect to."""
    key: str
    python: str
    cwd: str
    state: str
    """A folder of the cluster's own, for files that only the user can read."""

    def spec(self, number: int) -> dict[str, Any]:
        """The spec of the session that is the engine of a number."""
        options = SessionOptions(python=self.python, cwd=self.cwd, name=f"{self.cluster} {number}")
        made = new_spec(options)
        made["connection"]["key"] = self.key
        made["controller"] = {"address": self.controller, "number": number}
        return made


Report = Callable[[str], None]


class Launcher(Protocol):
    """Starts engines."""

    meaning_of_loss: str
    """What an engine's death means for the others, told along with its reason; may be empty."""

    async def start(self, order: Order, report: Report) -> None:
        """Start engines; what becomes known later is reported, in one sentence.

        Raises :class:`SessionError` if it cannot. It may return at once, or stay with them.
        """

    async def stop(self) -> None:
        """Let go of what it holds; the engines have been told to end before."""


def launcher_named(name: str) -> Launcher:
    """The launcher of a name. Raises :class:`SessionError`."""
    if name == "local":
        from .local import LocalLauncher

        return LocalLauncher()
    if name == "mpi":
        from .mpi import MPILauncher

        return MPILauncher()
    raise SessionError(f"There is no launcher {name!r}: there are local and mpi.")
