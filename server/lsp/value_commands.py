"""What is done with the shown values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..protocol.declaring import DocumentParams

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer


async def clear(server: VivoServer, params: DocumentParams) -> None:
    """Forget the shown values."""
    anchors = server.presenter.documents.get(params.uri)
    if anchors is not None:
        anchors.clear()
        server.presenter.refresh(params.uri)


HANDLERS: dict[str, Handler] = {"vivo.server.clear": clear}
