"""Read-only documents that stand in no file: pages of ``obj?``, the text of runs.

A feature provides the documents of a scheme with :func:`provide`. A client reads them by LSP 3.18's
``workspace/textDocumentContent``, or by the query ``vivo/document``.

Rules:

1. The server asks a client to open such a document only if the client said that it can read one.
2. A URI is data: whoever provides a scheme looks the document up, and never opens a path from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lsprotocol import types

from ...core.errors import VivoError
from ..protocol.declaring import DocumentParams
from ..protocol.documents import DocumentContent

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer

Provider = Callable[[str], Awaitable[tuple[str, str]]]
"""From a URI to a text and its language. Raises :class:`DocumentError` if there is none."""

_providers: dict[str, Provider] = {}


class DocumentError(VivoError, LookupError):
    """A document that is not, or no longer, there."""


def provide(scheme: str, function: Provider) -> None:
    """Provide the documents of a URI scheme; a later provider takes the place of an earlier one."""
    _providers[scheme] = function


def schemes() -> list[str]:
    """The schemes that are provided."""
    return sorted(_providers)


async def content_of(uri: str) -> DocumentContent:
    """The content of a document. Raises :class:`DocumentError`."""
    provider = _providers.get(urlsplit(uri).scheme)
    if provider is None:
        raise DocumentError(f"{uri} is no document of vivo's: there are {', '.join(schemes())}.")
    return DocumentContent(*await provider(uri))


def can_open(server: VivoServer, uri: str) -> bool:
    """Whether the client can be asked to show a document (rule 1)."""
    can = server.presenter.can
    return can.show_document and (urlsplit(uri).scheme not in _providers or can.read_documents)


async def show(
    server: VivoServer, uri: str, *, at: types.Range | None = None, focus: bool = False
) -> bool:
    """Ask the client to open a document beside the code; whether it did."""
    if not can_open(server, uri):
        return False
    params = types.ShowDocumentParams(uri=uri, take_focus=focus, selection=at)
    answer = await server.window_show_document_async(params)
    return bool(answer is not None and answer.success)


def register(server: VivoServer) -> None:
    """Register the feature; the schemes are told when the client says hello."""
    from .handling import CommandError

    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)
    async def content(params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        try:
            found = await content_of(params.uri)
        except VivoError as error:
            raise CommandError(str(error)) from None
        return types.TextDocumentContentResult(found.text)


async def document(server: VivoServer, params: DocumentParams) -> DocumentContent:
    """The content of a document, for clients that ask in our own words."""
    return await content_of(params.uri)


HANDLERS: dict[str, Handler] = {"vivo/document": document}
