"""Documents that a client is about to open: what it runs meanwhile waits for them.

An editor that starts the server anew tells of its documents in its own time, notebooks after all
others; its user has pressed the key already. Only a young server waits, and not for long: later a
document that is not open is an error at once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .server import VivoServer

RUN_A_TEXT = frozenset(
    f"vivo.server.{name}"
    for name in ("runCell", "runCells", "runAbove", "runBelow", "runToHere", "runAll",
                 "restartAndRunToHere", "restartAndRunAll", "runSelection", "debugCell",
                 "sendToCluster")
)  # fmt: skip
"""The commands that run what an open document shows."""
YOUNG = 30.0  # seconds since the client said hello
_PATIENCE = 3.0  # seconds


class Arriving:
    """Who waits for which document."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._until = 0.0
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    def begin(self) -> None:
        """The client has said hello."""
        self._until = asyncio.get_running_loop().time() + YOUNG

    def opened(self, uri: str) -> None:
        """A document, or a notebook, was opened."""
        for wanted, future in self._waiting:
            if wanted == uri and not future.done():
                future.set_result(None)

    async def come(self, command: str, params: Any) -> None:
        """Wait for the documents that a command wants; those that do not come are its error."""
        loop = asyncio.get_running_loop()
        if command not in RUN_A_TEXT or loop.time() >= self._until:
            return
        uris = [getattr(params, "uri", None), *getattr(params, "uris", ())]
        missing = [uri for uri in uris if uri is not None and not self._is_there(uri)]
        if not missing:
            return
        waiting = [(uri, loop.create_future()) for uri in missing]
        self._waiting += waiting
        try:
            await asyncio.wait([future for _, future in waiting], timeout=_PATIENCE)
        finally:
            self._waiting = [each for each in self._waiting if each not in waiting]

    def _is_there(self, uri: str) -> bool:
        server = self._server
        return uri in server.workspace.text_documents or server.notebooks.get(uri) is not None
