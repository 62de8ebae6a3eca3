"""Notebook files of format 4: read as they are, written as Jupyter writes them.

What is written is determined by the content alone: sorted keys, one space of indentation, texts as
lists of lines, a line end at the end. Two notebooks that say the same are the same file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import VivoError


class NotebookFileError(VivoError, ValueError):
    """A file cannot be read as a notebook; the text says why."""


def parse_notebook(text: str, name: str) -> dict[str, Any]:
    """A notebook's content, each of its cells with a type and a source.

    Raises :class:`NotebookFileError` if it is none of format 4; ``name`` is its name there.
    """
    try:
        held = json.loads(text)
        for cell in held["cells"]:
            if cell["cell_type"] not in ("code", "markdown", "raw"):
                raise ValueError(f"there is no cell type {cell['cell_type']!r}")
            cell["source"] = joined(cell["source"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotebookFileError(
            f"{name} cannot be read as a notebook of format 4: {type(error).__name__}: {error}."
        ) from None
    content: dict[str, Any] = held
    return content


def read_notebook(path: Path) -> dict[str, Any]:
    """The content of a notebook's file. Raises :class:`NotebookFileError`."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise NotebookFileError(
            f"{path} cannot be read as a notebook of format 4: {type(error).__name__}: {error}."
        ) from None
    return parse_notebook(text, str(path))


def joined(text: Any) -> str:
    """A text as notebooks hold it: one, or a list of lines. Raises ``TypeError`` for neither."""
    return text if isinstance(text, str) else "".join(text)


def split(text: str) -> list[str]:
    """A text as a list of lines with their ends."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def notebook_text(content: dict[str, Any]) -> str:
    """The text of a notebook's file."""
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
