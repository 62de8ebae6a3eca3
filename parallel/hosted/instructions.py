"""What a host's machine tells its loop beside the keeper's instructions. Data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..wire import Message


@dataclass(frozen=True)
class ToKernel:
    """Send the kernel a client's message as it came: its answers then name the client's."""

    channel: str
    message: Message
    content: dict[str, Any]
    kind: str | None = None
    """A message of the host's own, whose parent ``message`` is."""


@dataclass(frozen=True)
class InterruptKernel:
    """Interrupt what the kernel runs, in the way that its kernelspec says."""


@dataclass(frozen=True)
class RestartKernel:
    """End the kernel, and start it again."""
