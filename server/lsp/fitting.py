"""What the server says, as its client can take it: what that did not announce is told otherwise.

Features answer as if the client could take all. On the way out Markdown becomes plain text for a
client that did not say that it shows any, and the frames of an error stand in its message where the
client shows no related locations.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlparse

from lsprotocol import types

_MAXIMUM_FRAMES = 5
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^\n`]*\n?", re.MULTILINE)
_PICTURE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARK = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\s][^*\n]*)\*")


def fitted_notification(params: Any, capabilities: types.ClientCapabilities) -> Any:
    """The parameters of a notification for a client."""
    if not isinstance(params, types.PublishDiagnosticsParams):
        return params
    text = capabilities.text_document
    told = text.publish_diagnostics if text is not None else None
    diagnostics = list(params.diagnostics)
    if told is None or not told.related_information:
        diagnostics = [_without_related(diagnostic) for diagnostic in diagnostics]
    if told is None or not told.data_support:
        diagnostics = [_without_data(diagnostic) for diagnostic in diagnostics]
    return types.PublishDiagnosticsParams(params.uri, diagnostics, params.version)


def _without_data(diagnostic: types.Diagnostic) -> types.Diagnostic:
    if diagnostic.data is None:
        return diagnostic
    plain = copy.copy(diagnostic)
    plain.data = None
    return plain


def _without_related(diagnostic: types.Diagnostic) -> types.Diagnostic:
    related = diagnostic.related_information
    if not related:
        return diagnostic
    plain = copy.copy(diagnostic)
    plain.related_information = None
    lines = [f"  {each.message}, {_place(each.location)}" for each in related[:_MAXIMUM_FRAMES]]
    plain.message = "\n".join([str(diagnostic.message), *lines])
    return plain


def _place(location: types.Location) -> str:
    name = PurePosixPath(unquote(urlparse(location.uri).path)).name
    return f"{name}:{location.range.start.line + 1}"


def fitted_result(result: Any, capabilities: types.ClientCapabilities) -> Any:
    """The result of a request for a client."""
    text = capabilities.text_document
    if isinstance(result, types.Hover):
        hover = text.hover if text is not None else None
        if _is_refused(hover.content_format if hover is not None else None):
            result.contents = _plain(result.contents)
    elif isinstance(result, (types.CompletionList, types.CompletionItem)):
        completion = text.completion if text is not None else None
        item = completion.completion_item if completion is not None else None
        if _is_refused(item.documentation_format if item is not None else None):
            items = result.items if isinstance(result, types.CompletionList) else [result]
            for each in items:
                each.documentation = _plain(each.documentation)
    elif isinstance(result, types.SignatureHelp):
        _fit_signatures(result, text)
    return result


def _fit_signatures(
    result: types.SignatureHelp, text: types.TextDocumentClientCapabilities | None
) -> None:
    help_ = text.signature_help if text is not None else None
    told = help_.signature_information if help_ is not None else None
    if _is_refused(told.documentation_format if told is not None else None):
        for signature in result.signatures:
            signature.documentation = _plain(signature.documentation)
            for parameter in signature.parameters or ():
                parameter.documentation = _plain(parameter.documentation)


def _is_refused(formats: Sequence[types.MarkupKind] | None) -> bool:
    """Whether a client named formats, and Markdown is none of them."""
    return bool(formats) and types.MarkupKind.Markdown not in (formats or ())


def _plain(content: Any) -> Any:
    if not isinstance(content, types.MarkupContent) or content.kind != types.MarkupKind.Markdown:
        return content
    return types.MarkupContent(types.MarkupKind.PlainText, plain_text(content.value))


def plain_text(markdown: str) -> str:
    """Markdown of ours as people read it: without fences, marks and pictures."""
    parts: list[str] = []
    is_code = False
    last = 0
    for fence in _FENCE.finditer(markdown):
        piece = markdown[last : fence.start()]
        parts.append(piece if is_code else _prose(piece))
        is_code, last = not is_code, fence.end()
    piece = markdown[last:]
    parts.append(piece if is_code else _prose(piece))
    return "".join(parts).strip("\n")


def _prose(text: str) -> str:
    text = _LINK.sub(r"\1", _PICTURE.sub(r"\1", text))
    return _MARK.sub(lambda match: next(part for part in match.groups() if part), text)
