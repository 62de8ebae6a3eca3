"""What a session uses of its machine, as a ``usage_reply`` tells it.

The figures are those that Jupyter's own kernel gives, by psutil: the keeper, the engine and all
their children together.
"""

from __future__ import annotations

import os
import socket
from typing import Any

import psutil

_meters: list[UsageMeter] = []  # this process's own, once somebody has asked


def usage_of(pid: int | None) -> dict[str, Any]:
    """The content of a ``usage_reply``; ``pid`` is the engine's. Memory is in bytes."""
    if not _meters:
        _meters.append(UsageMeter())
    return _meters[0].measure(pid)


class UsageMeter:
    """Measures; the share of the processor is that since the last look, 0 at the first."""

    def __init__(self) -> None:
        self._known: dict[int, psutil.Process] = {}
        psutil.cpu_percent()  # the first look at the machine measures nothing

    def measure(self, pid: int | None) -> dict[str, Any]:
        """The content of a ``usage_reply``; ``pid`` is the engine's. Memory is in bytes."""
        keeper = psutil.Process(os.getpid())
        found = {each.pid: each for each in (keeper, *keeper.children(recursive=True))}
        # A process measures its share from its own last look: those that are known stay.
        self._known = {number: self._known.get(number, each) for number, each in found.items()}
        share, memory = 0.0, 0
        for process in self._known.values():
            try:
                share += process.cpu_percent()
                memory += process.memory_info().rss
            except psutil.Error:
                continue  # it ended while we looked
        return {
            "status": "ok",
            "hostname": socket.gethostname(),
            "pid": pid or os.getpid(),
            "kernel_cpu": share,
            "kernel_memory": memory,
            "cpu_count": psutil.cpu_count(),
            "host_cpu_percent": psutil.cpu_percent(),
            "host_virtual_memory": dict(psutil.virtual_memory()._asdict()),
        }
