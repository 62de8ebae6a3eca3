"""Engines on this machine: a session each, like any other."""

from __future__ import annotations

import asyncio

from ...interpreters import check_python
from . import Order, Report, start_engine


class LocalLauncher:
    """Starts each engine as a session of its own, which outlives this process."""

    async def start(self, order: Order, report: Report) -> None:
        """Start engines side by side. Raises :class:`SessionError` if one cannot be started."""
        order.check_options()
        await asyncio.to_thread(check_python, order.python, order.cwd)
        started = [start_engine(order, number) for number in order.numbers]
        told = await asyncio.gather(*started, return_exceptions=True)
        for each in told:
            if isinstance(each, BaseException):
                raise each

    async def stop(self) -> None:
        """Nothing: a session that was told to end does so."""
