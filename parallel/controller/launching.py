"""What a controller asks of its launcher, and what it is told: engines started, found again, ended.

Rules:

1. A launcher of others may raise anything, at any time: it is told, and the controller goes on.
2. Nobody waits for a launcher that stays with its engines, but at the end, for a while.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from ..descriptors import make_room
from ..errors import SessionError
from .launchers import Order

if TYPE_CHECKING:
    from .controller import Controller

_log = logging.getLogger(__name__)
_DESCRIPTORS = 4  # for each engine: its link, its end, and while it is started
_LAUNCH_SECONDS = 20.0


class Launching:
    """The launcher's work for one controller."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._launches: set[asyncio.Task[None]] = set()
        self._is_counting = False

    @property
    def status(self) -> str:
        """What the launcher waits for; empty if it does not."""
        told = str(getattr(self._controller.launcher, "status", ""))
        return told or ("the launcher" if self._is_counting else "")

    def start(self, count: int) -> list[int]:
        """Have engines started; gives their numbers."""
        engines = self._controller.engines
        numbers = engines.free_numbers(count)
        make_room(_DESCRIPTORS * (len(tuple(engines)) + engines.awaited))
        self._spawn(numbers)
        return numbers

    def start_all(self) -> None:
        """Have as many engines started as the launcher finds places for."""
        self._is_counting = True
        self._spawn([]).add_done_callback(self._counted)

    def _counted(self, launch: asyncio.Task[None]) -> None:
        self._is_counting = False
        self._controller.changed()

    def _spawn(self, numbers: list[int]) -> asyncio.Task[None]:
        launch = self._controller.spawn(self._launch(numbers))
        self._launches.add(launch)
        launch.add_done_callback(self._launches.discard)
        return launch

    def order_of(self, numbers: list[int]) -> Order:
        """What the launcher is told of engines of these numbers."""
        entry = self._controller.entry
        address = entry.reach or entry.engines
        return Order(
            entry.name,
            numbers,
            address,
            entry.key,
            entry.python,
            entry.cwd,
            entry.state,
            entry.options,
        )

    async def _launch(self, numbers: list[int]) -> None:
        entry = self._controller.entry
        report = partial(self._report, numbers)
        try:
            await self._controller.launcher.start(self.order_of(numbers), report)
        except (SessionError, OSError) as error:
            report(str(error))
        except Exception as error:  # noqa: BLE001 - a launcher of others: who waits is to be told
            _log.exception("The launcher failed.")
            report(
                f"The launcher {entry.launcher} failed with {type(error).__name__}: {error}. "
                f"controller.log in {entry.state} has the traceback."
            )

    def _report(self, numbers: list[int], problem: str) -> None:
        if not self._controller.engines.not_coming(numbers, problem) and numbers:
            _log.info("%s", problem)
            return  # all were there: what has become of them since is told as that
        _log.error("%s", problem)
        self._controller.problems.append(problem)
        self._controller.changed()

    async def resume(self) -> None:
        """Let the launcher find again what it has started for the controller before this one."""
        problems = self._controller.problems
        try:
            await self._controller.launcher.resumed(self.order_of([]), problems.append)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 - a launcher of others: the engines are there
            _log.exception("The launcher failed.")
            problems.append(f"The launcher does not know its engines any more: {error}.")

    async def end(self) -> None:
        """The cluster ends: what has not begun is not to begin, and what is on its way is there."""
        launcher = self._controller.launcher
        if hasattr(launcher, "withdraw"):
            try:
                await launcher.withdraw()
            except Exception:  # noqa: BLE001 - a launcher of others: the rest is to end all the same
                _log.exception("The launcher could not take back what it had ordered.")
        if self._launches:  # a launcher may stay with its engines for as long as they live
            await asyncio.wait(self._launches, timeout=_LAUNCH_SECONDS)
