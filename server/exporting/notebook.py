"""Documents of cells as notebooks: read from format 4, written in format 4.5."""

from __future__ import annotations

import re
from typing import Any

from ...core.notebook_files import NotebookFileError, joined, notebook_text, parse_notebook, split
from .documents import ExportCell, ExportDocument, Output, ids_of

DEFAULT_METADATA: dict[str, Any] = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""Of a notebook whose document says nothing of itself: every Jupyter has a kernel of this name."""

_JSON = re.compile(r"application/(?:.*\+)?json")


def read(text: str, name: str) -> ExportDocument:
    """The document of a notebook's text. Raises :class:`NotebookFileError`."""
    held = parse_notebook(text, name)
    try:
        cells = [_read_cell(cell) for cell in held["cells"]]
        return ExportDocument(cells, dict(held.get("metadata") or {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotebookFileError(
            f"{name} is no whole notebook: {type(error).__name__}: {error}."
        ) from None


def _read_cell(held: dict[str, Any]) -> ExportCell:
    return ExportCell(
        kind=held["cell_type"],
        source=held["source"],
        id=held.get("id"),
        metadata=dict(held.get("metadata") or {}),
        outputs=[_read_output(output) for output in held.get("outputs") or ()],
        execution_count=held.get("execution_count"),
        attachments=dict(held.get("attachments") or {}),
    )


def _read_output(held: dict[str, Any]) -> Output:
    output = dict(held)
    if output["output_type"] == "stream":
        output["text"] = joined(output["text"])
    elif "data" in output:
        output["data"] = {
            mime: value if _JSON.fullmatch(mime) else joined(value)
            for mime, value in output["data"].items()
        }
    return output


def write(document: ExportDocument) -> str:
    """The text of the notebook's file: the same for the same document."""
    ids = ids_of(document.cells)
    cells = [_cell(*each) for each in zip(document.cells, ids, strict=True)]
    content = {
        "cells": cells,
        "metadata": document.metadata or DEFAULT_METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return notebook_text(content)


def _cell(cell: ExportCell, name: str) -> dict[str, Any]:
    held: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": name,
        "metadata": cell.metadata,
        "source": split(cell.source),
    }
    if cell.kind == "code":
        held["execution_count"] = cell.execution_count
        held["outputs"] = [_output(output) for output in cell.outputs]
    elif cell.attachments:
        held["attachments"] = cell.attachments
    return held


def _output(output: Output) -> Output:
    held = dict(output)
    if output["output_type"] == "stream":
        held["text"] = split(output["text"])
    elif "data" in output:
        held["data"] = {
            mime: split(value) if isinstance(value, str) and mime.startswith("text/") else value
            for mime, value in output["data"].items()
        }
    return held
