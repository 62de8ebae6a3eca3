"""The open documents, as lines that are edited in place. pygls' own are made anew at each key.

Rules:

1. A document is found by its URI as the client spells it.
2. Every edit, of a file or of a notebook's cell, is told to whom it concerns while the document has
   just the text after it: results follow each edit of a notification (see ``anchors``).
3. What is said of a document that is not open is refused or passed over, never guessed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lsprotocol import types
from pygls.workspace import PositionCodec, ServerTextPosition, TextDocument, Workspace

from ..position_units import column_of, units_of
from ..text import DocumentText, Edit

_log = logging.getLogger(__name__)

Follower = Callable[[str, Edit, list[str]], None]


class Positions(PositionCodec):
    """Positions between the client's units and characters; lines have no ends here."""

    def __init__(self, encoding: Any = types.PositionEncodingKind.Utf16) -> None:
        super().__init__(encoding)
        self.name = str(getattr(encoding, "value", encoding))

    def client_num_units(self, string: str) -> int:
        """The length of a text in the client's units."""
        return units_of(string, self.name)

    def position_from_client_units(
        self, lines: Sequence[str], position: types.Position
    ) -> ServerTextPosition:
        """A position in characters, inside the text."""
        if position.line >= len(lines):
            return ServerTextPosition(max(0, len(lines) - 1), len(lines[-1]) if lines else 0)
        column = column_of(lines[position.line], position.character, self.name)
        return ServerTextPosition(position.line, column)

    def position_to_client_units(
        self, lines: Sequence[str], position: ServerTextPosition | types.Position
    ) -> types.Position:
        """A position in the client's units."""
        if position.line >= len(lines):
            return types.Position(len(lines), 0)
        text = lines[position.line][: position.character]
        return types.Position(position.line, units_of(text, self.name))


class Document(TextDocument):
    """An open document. ``lines`` have no ends, and are for reading."""

    def __init__(self, uri: str, source: str | None = None, **others: Any) -> None:
        super().__init__(uri, None, **others)
        self.text = DocumentText(source if source is not None else self._saved())

    def _saved(self) -> str:
        """What the file of a document holds that is not open; nothing if it cannot be read."""
        try:
            return Path(self.path or "").read_text("utf-8", errors="replace")
        except (OSError, ValueError):
            return ""

    @property
    def source(self) -> str:
        """The whole text, with ``\\n`` as line ends."""
        return self.text.source

    @property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.lines

    def change(self, change: types.TextDocumentContentChangeEvent, tell: Follower) -> None:
        """Apply a change, and tell of each edit that it was."""
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            edits = self.text.replacing(change.text)
        else:
            place = self.position_codec.range_from_client_units(self.lines, change.range)
            start = (place.start.line, place.start.character)
            end = (place.end.line, place.end.character)
            edits = self.text.edits_for(min(start, end), max(start, end), change.text)
        for edit in edits:
            done = self.text.edit(edit.start, edit.end, edit.text)
            tell(self.uri, done, self.text.lines)

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Apply a change of the client's."""
        self.change(change, lambda uri, edit, lines: None)

    def offset_at_server_position(self, server_position: ServerTextPosition) -> int:
        """The index into ``source`` of a position."""
        above = self.lines[: server_position.line]
        return server_position.character + sum(map(len, above)) + len(above)

    def server_position_at_offset(self, offset: int) -> ServerTextPosition:
        """The position of an index into ``source``."""
        before = self.source[: max(0, offset)]
        return ServerTextPosition(before.count("\n"), len(before) - before.rfind("\n") - 1)


class Documents(Workspace):
    """The workspace, with documents of ours. ``tell`` hears of every edit."""

    def __init__(self, *others: Any, tell: Follower = lambda uri, edit, lines: None) -> None:
        super().__init__(*others)
        self._position_codec = Positions(self._position_encoding)
        self.tell = tell

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Document:
        return Document(
            doc_uri,
            source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )

    def get_text_document(self, doc_uri: str) -> TextDocument:
        """An open document, or a file as it is on the disk."""
        return self._text_documents.get(doc_uri) or self._create_text_document(doc_uri)

    def put_text_document(
        self, text_document: types.TextDocumentItem, notebook_uri: str | None = None
    ) -> None:
        """Open a document."""
        uri = text_document.uri
        self._text_documents[uri] = self._create_text_document(
            uri, text_document.text, text_document.version, str(text_document.language_id)
        )
        if notebook_uri:
            self._cell_in_notebook[unquote(uri)] = unquote(notebook_uri)

    def remove_text_document(self, doc_uri: str) -> None:
        """Close a document."""
        self._text_documents.pop(doc_uri, None)
        self._cell_in_notebook.pop(unquote(doc_uri), None)

    def update_text_document(
        self,
        text_doc: types.VersionedTextDocumentIdentifier,
        change: types.TextDocumentContentChangeEvent,
    ) -> None:
        """Apply one change of a notification."""
        document = self._text_documents.get(text_doc.uri)
        if not isinstance(document, Document):
            _log.warning("A change of %s is passed over: it is not open.", text_doc.uri)
            return
        document.change(change, self.tell)
        document.version = text_doc.version
