"""Documents that stand in no file: what the server shows beside the code."""

from __future__ import annotations

import attrs

from .declaring import DocumentParams, Message


@attrs.define
class DocumentContent:
    """What a read-only document of the server's holds."""

    text: str
    language_id: str
    """As LSP names languages: ``python``, ``markdown``, ``plaintext``, ``html``."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo/document",
        "query",
        DocumentParams,
        DocumentContent,
        "The content of a document whose URI has one of the server's own schemes, for clients "
        "without workspace/textDocumentContent. Such a client says by "
        "experimental.vivo.documents that it can open them.",
        errors="There is no such document, or no longer.",
    ),
)
