"""Launchers: what starts the engines of a cluster.

A launcher starts processes and forgets them: an engine says by itself, over its link to the
controller, that it is there, and is ended over that link too. So a launcher is small:
:class:`Launcher` is all that it must be. One on this host uses :func:`start_engine`; one that hands
programs to another system gives it :meth:`Order.program`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ... import tls
from ...directories import write_private
from ...errors import SessionError
from ...keeper.spawn import KEEPER
from ...launch import SessionOptions, new_spec, start_keeper
from ...processes import boot_id
from ..engines import Engine

_SCRIPT = Path(__file__).resolve().parents[2] / "engine" / "launched.py"


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
    options: dict[str, Any] = {}
    """What the launcher was told beside: ``Cluster("name", partition="debug")``."""

    def spec(self, number: int) -> dict[str, Any]:
        """The spec of the session that is the engine of a number."""
        options = SessionOptions(python=self.python, cwd=self.cwd, name=f"{self.cluster} {number}")
        made = new_spec(options)
        made["connection"]["key"] = self.key
        made["controller"] = {"address": self.controller, "number": number}
        return made

    def check_options(self, *known: str) -> None:
        """Raises :class:`SessionError` for options that a launcher does not know."""
        unknown = ", ".join(sorted(set(self.options) - set(known)))
        if unknown:
            there = f"it knows {', '.join(known)}" if known else "it knows none"
            raise SessionError(f"The launcher has no option {unknown}: {there}.")

    def elsewhere(self, launched: str) -> list[str]:
        """As :meth:`program`, for hosts that have vivo where it is here: the session is made where
        the engine is, anew with each start.

        The last word is the order's file. A host that does not share this one's files is given the
        order on the standard input, and ``-`` in that place.
        """
        told = {
            "cluster": self.cluster,
            "numbers": self.numbers,
            "controller": self.controller,
            "key": self.key,
            "python": self.python,
            "cwd": self.cwd,
            "launched": launched,
            "boot": boot_id(),
            "certificate": tls.certificate_of(self.controller),
        }
        # A name of its own: a job that is put back reads it again, whatever was started meanwhile.
        path = Path(self.state) / f"engines-{self.numbers[0]}-{os.urandom(4).hex()}.json"
        write_private(path, json.dumps(told).encode())
        return [sys.executable, "-E", "-P", "-m", f"{__package__}.enlist", str(path)]

    def program(self, launched: str = "rank {rank} of {count}") -> list[str]:
        """The command of a process that is to be an engine, for all of them the same.

        Which one it is, from 0 on in the order of :attr:`numbers`, the process takes from
        ``VIVO_RANK``, or what MPI and Slurm have set. It reads a file in :attr:`state` that only
        the user can read: no key is on its command line.
        """
        sessions = []
        for rank, number in enumerate(self.numbers):
            spec = self.spec(number)
            spec["launched"] = launched.format(rank=rank, count=len(self.numbers))
            spec["rank"] = rank
            sessions.append(spec)
        path = Path(self.state) / f"engines-{self.numbers[0]}.json"
        write_private(path, json.dumps({"sessions": sessions, "keeper": KEEPER}).encode())
        return [self.python, "-u", str(_SCRIPT), str(path)]


Report = Callable[[str], None]


async def start_engine(order: Order, number: int, words: Sequence[str] = ()) -> None:
    """Start an engine on this host, and wait until it is there.

    ``words`` stand before the command: ``["nice", "-n", "5"]``. Raises :class:`SessionError`.
    """
    await start_keeper(order.spec(number), [*words, *KEEPER])


class Carrier(Protocol):
    """Gives engines their tasks by ways of its own; their results come as any engine's do."""

    def give(
        self, engine: Engine, calls: Sequence[dict[str, Any]], buffers: Sequence[bytes]
    ) -> bool:
        """Give an engine calls; whether that is possible now. One that does not arrive is told to
        ``Farm.not_carried``."""

    def take_back(self, engine: Engine, names: Sequence[str]) -> None:
        """Take back those that have not arrived; ``Farm.revoked`` is told which."""

    def let_go(self, engine: str) -> None:
        """Nothing of what is on its way to an engine is to arrive."""


class Launcher(Protocol):
    """Starts engines.

    It may also have these, each if it is of use:

    - ``meaning_of_loss``, a text: what an engine's death means for the others, which is told along
      with its reason;
    - ``status``, a text: what it waits for, which is shown to who waits; nobody gives up meanwhile;
    - ``default_engines(options)``: how many there are if nobody says; raises :class:`SessionError`
      for options that do not fit;
    - ``needs_network``, true if its engines are on other hosts: the controller serves them by TCP
      then, at the address that it was told or that ``reachable_address()`` gives (which raises
      :class:`SessionError` if there is none);
    - ``async withdraw()``: the cluster ends; what has not begun is not to begin any more;
    - ``attach(controller)``, called before all else, ``carrier``, what gives engines their tasks,
      ``policy``, used where none is named, and ``facts()``, what the status tells under the
      launcher's name: for launchers of vivo's own;
    - ``cannot_restart``, ``cannot_add``, texts: why engines are not given fresh processes, and why
      none are added, if that is so;
    - ``async resumed(order, report)``: the controller was started again for the engines of an
      ``order`` without numbers, whose ``state`` folder has what the launcher has left there.
    """

    async def start(self, order: Order, report: Report) -> None:
        """Start engines; what becomes known later is reported, in one sentence.

        Raises :class:`SessionError` if it cannot. It may return at once, or stay with them.
        """

    async def stop(self) -> None:
        """Let go of what it holds; the engines have been told to end before."""
