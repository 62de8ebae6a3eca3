"""Values at the end of the statements that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from .server import VivoServer

_TOOLTIP_LIMIT = 4000


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        uri = params.text_document.uri
        presenter = server.presenter
        return [
            types.InlayHint(
                position=types.Position(line, presenter.line_length(uri, line)),
                label=label,
                padding_left=True,
                tooltip=types.MarkupContent(
                    types.MarkupKind.Markdown, f"```text\n{text[:_TOOLTIP_LIMIT]}\n```"
                ),
            )
            for _, line, label, text in presenter.labelled(uri)
            if params.range.start.line <= line <= params.range.end.line
        ]
