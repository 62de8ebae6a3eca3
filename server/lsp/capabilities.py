"""What the client said that it can do: each as one plain fact. Nothing else is sent to it."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from lsprotocol import types

Channel = Literal["hints", "lenses", "diagnostics"]


@attrs.define
class Capabilities:
    """The facts of one client; of one that said nothing, nothing holds."""

    hints: bool = False
    refresh_hints: bool = False
    resolve_hints: bool = False
    """Whether it asks for a hint's tooltip when that is wanted (``inlayHint/resolve``)."""
    lenses: bool = False
    refresh_lenses: bool = False
    progress: bool = False
    input: bool = False
    """Whether it can be asked for a line of input (``experimental.vivo.input``)."""
    show_document: bool = False
    read_documents: bool = False
    """Whether it can read documents that stand in no file."""
    text_document_content: bool = False
    images: bool = False
    """Whether it shows pictures in Markdown (``experimental.vivo.images``)."""
    markdown: bool = False
    """Whether hover and tooltips may be Markdown."""
    blobs: bool = False
    """Whether it fetches large data by reference (``experimental.vivo.blobs``)."""
    comms: bool = False
    """Whether it draws widgets (``experimental.vivo.comms``)."""
    notebooks: bool = False
    """Whether it writes the outputs of cells into notebooks (``experimental.vivo.notebooks``)."""
    debugger: bool = False
    """Whether it has a debugger that opens post-mortems (``experimental.vivo.debugger``)."""
    code_action_literals: bool = False
    document_changes: bool = False

    @property
    def values_by(self) -> Channel:
        """The channel for values: ``hints``, else ``lenses``, else ``diagnostics``."""
        if self.hints and self.refresh_hints:
            return "hints"
        return "lenses" if self.lenses else "diagnostics"


def capabilities_of(told: types.ClientCapabilities) -> Capabilities:
    """The facts that a client's capabilities state."""
    workspace, text, window = told.workspace, told.text_document, told.window
    experimental = told.experimental
    found = experimental.get("vivo") if isinstance(experimental, dict) else None
    ours: dict[str, Any] = found if isinstance(found, dict) else {}
    hint, lens = (workspace and workspace.inlay_hint), (workspace and workspace.code_lens)
    resolved = text and text.inlay_hint and text.inlay_hint.resolve_support
    action = text and text.code_action
    edit = workspace and workspace.workspace_edit
    formats = (text.hover.content_format if text and text.hover else None) or ()
    document = window and window.show_document
    content = bool(workspace and workspace.text_document_content)
    return Capabilities(
        hints=bool(text and text.inlay_hint),
        refresh_hints=bool(hint and hint.refresh_support),
        resolve_hints=bool(resolved and "tooltip" in resolved.properties),
        lenses=bool(text and text.code_lens),
        refresh_lenses=bool(lens and lens.refresh_support),
        progress=bool(window and window.work_done_progress),
        input=bool(ours.get("input")),
        show_document=bool(document and document.support),
        read_documents=content or bool(ours.get("documents")),
        text_document_content=content,
        images=bool(ours.get("images")),
        markdown=not formats or types.MarkupKind.Markdown in formats,
        blobs=bool(ours.get("blobs")),
        comms=bool(ours.get("comms")),
        notebooks=bool(ours.get("notebooks")),
        debugger=bool(ours.get("debugger")),
        code_action_literals=bool(action and action.code_action_literal_support),
        document_changes=bool(edit and edit.document_changes),
    )
