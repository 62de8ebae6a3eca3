"""Documents from one form to another: percent script, notebook, page."""

from __future__ import annotations

from typing import Literal

import attrs

from .declaring import Message


@attrs.define
class ExportParams:
    """Which document, and what it is to become."""

    uri: str
    form: Literal["script", "notebook", "html"]
    path: str | None = None
    """The file to write; null: the text is the answer."""
    overwrite: bool = False
    """Whether a file that exists may be overwritten."""
    outputs: bool = True
    """Whether outputs come along: a script's from the session that ran it, a notebook's its own."""
    session_id: str | None = None
    """The session whose outputs are wanted; null: the one that ran the document."""
    comment_magics: bool | None = None
    """Whether magics in scripts are comments; null: as the script says itself, else not."""
    active: bool = False
    """Whether a page may hold scripts that outputs brought, in frames of their own."""


@attrs.define
class ExportResult:
    """The document in its new form."""

    path: str | None
    """The file that was written."""
    text: str | None
    """The document, if no file was named."""
    cells: int
    runs: int
    """How many runs gave their outputs."""
    session_id: str | None
    """The session that they come from."""
    messages: list[str]
    """A sentence for each thing that the new form cannot hold."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.exportDocument",
        "command",
        ExportParams,
        ExportResult,
        "Make a script of a notebook, a notebook of a script, or a page of either: of what the "
        "buffer shows, or of the file if it is not open; of a notebook as it is saved.",
        errors="The file exists already, is no notebook, or cannot be read or written.",
    ),
)
