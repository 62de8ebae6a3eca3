"""Values at the end of the statements that made them; their full rendering when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from .shown import Shown, find, in_full, shown_in

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""
    options = types.InlayHintOptions(resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT, options)
    async def inlay_hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        uri = params.text_document.uri
        first, last = params.range.start.line, params.range.end.line
        shown = [each for each in shown_in(server.presenter, uri) if first <= each.line <= last]
        return [await _hint(server, uri, each) for each in shown]

    @server.feature(types.INLAY_HINT_RESOLVE)
    async def resolve(hint: types.InlayHint) -> types.InlayHint:
        told: Any = hint.data
        if not isinstance(told, dict):
            return hint
        uri, key = str(told.get("uri")), str(told.get("key"))
        shown = find(server.presenter, uri, key)
        if shown is not None:
            hint.tooltip = await tooltip_of(server, shown)
        return hint


async def _hint(server: VivoServer, uri: str, shown: Shown) -> types.InlayHint:
    hint = types.InlayHint(
        position=types.Position(shown.line, server.presenter.line_length(uri, shown.line)),
        label=shown.label,
        padding_left=True,
    )
    if server.presenter.can.resolve_hints:
        hint.data = {"uri": uri, "key": shown.key, "kind": shown.kind}
    elif shown.kind != "figure":  # a document's pictures at once would be too much
        hint.tooltip = await tooltip_of(server, shown)
    return hint


async def tooltip_of(server: VivoServer, shown: Shown) -> types.MarkupContent:
    """The full rendering of what is shown."""
    if shown.kind == "figure":
        text = await server.presenter.figures.markdown(shown.run)
    else:
        text = in_full(server.presenter, shown)
    return types.MarkupContent(types.MarkupKind.Markdown, text)
