"""Notebooks as the language server sees them: cells that are documents of their own. Pure.

Rules:

1. All code cells of a notebook are one program in one session: a name that one cell made is live in
   the others.
2. A cell runs under a file name of its own, ``/path/work.ipynb#FRAGMENT`` (the end of its URI), for
   line numbers count within the cell. Frames of tracebacks find the cell again by it.
3. Editors give cells new URIs when a notebook is opened again: what an earlier cell ran belongs
   to whichever cell has the text now.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

from ..parallel.messages import RunRecord
from ..parallel.runs import RunTable

CELL_SCHEMES = ("vscode-notebook-cell", "vscode-interactive-input")
"""The schemes by which an editor's URI says that it is a cell's, also before a notebook is told."""
_FILE_NAME = re.compile(r"/[^\"\n\x1b]*?\.ipynb#[\w.%~-]+")
_SHOWN_NAME = re.compile(r"(?P<name>.+\.ipynb), cell (?P<number>\d+)")


def is_cell_uri(uri: str) -> bool:
    """Whether a URI is a notebook cell's by its look."""
    return urlparse(uri).scheme in CELL_SCHEMES


def notebook_path(uri: str) -> Path | None:
    """The file of the notebook that a URI such as ``vscode-notebook-cell:/a.ipynb#W0`` names.

    None for a notebook that is in no file yet.
    """
    parts = urlparse(uri)
    path = unquote(parts.path)
    return Path(path) if path.startswith("/") else None


@dataclass(frozen=True)
class NotebookCell:
    """A cell: its document, and whether it holds code."""

    uri: str
    is_code: bool = True


@dataclass
class Notebook:
    """A notebook that an editor has open, its cells from top to bottom."""

    uri: str
    cells: list[NotebookCell] = field(default_factory=list)

    def code(self) -> list[str]:
        """The URIs of the code cells, top to bottom."""
        return [cell.uri for cell in self.cells if cell.is_code]

    def above(self, uri: str) -> list[str]:
        """The URIs of the code cells above one."""
        code = self.code()
        return code[: code.index(uri)] if uri in code else []

    def splice(self, start: int, removed: int, cells: Iterable[NotebookCell]) -> None:
        """Replace some cells by others, as LSP tells of changes to a notebook's structure."""
        self.cells[start : start + removed] = cells


class Notebooks:
    """The notebooks of one editor."""

    def __init__(self) -> None:
        self._notebooks: dict[str, Notebook] = {}

    def open(self, notebook: Notebook) -> None:
        """A notebook was opened."""
        self._notebooks[notebook.uri] = notebook

    def close(self, uri: str) -> None:
        """A notebook was closed."""
        self._notebooks.pop(uri, None)

    def get(self, uri: str) -> Notebook | None:
        """An open notebook by its own URI."""
        return self._notebooks.get(uri)

    def holding(self, uri: str) -> Notebook | None:
        """The open notebook of a cell."""
        return next(
            (
                notebook
                for notebook in self._notebooks.values()
                if any(cell.uri == uri for cell in notebook.cells)
            ),
            None,
        )

    def is_cell(self, uri: str) -> bool:
        """Whether a document is a cell of a notebook."""
        return is_cell_uri(uri) or self.holding(uri) is not None

    def owner(self, uri: str) -> str:
        """The URI whose place decides which session serves a document: of a cell, its notebook's.

        Others are their own.
        """
        notebook = self.holding(uri)
        return notebook.uri if notebook is not None else uri

    def together(self, uri: str) -> list[str]:
        """The documents that are one program with a document, top to bottom; itself among them."""
        notebook = self.holding(uri)
        return notebook.code() if notebook is not None else [uri]

    def file_name(self, uri: str) -> str | None:
        """The name that a cell's code runs under (rule 2); None for a notebook in no file."""
        path = notebook_path(self.owner(uri))
        if path is None:
            return None
        return f"{path}#{urldefrag(uri).fragment or self._number(uri)}"

    def _number(self, uri: str) -> str:
        return f"cell-{self.number_of(uri)}"

    def number_of(self, uri: str) -> int:
        """Which cell of its notebook it is, counted from 1, texts too."""
        notebook = self.holding(uri)
        numbers = [each.uri for each in notebook.cells] if notebook is not None else [uri]
        return numbers.index(uri) + 1

    def uri_of(self, file_name: str) -> str | None:
        """The open cell that runs under a name of :meth:`file_name`."""
        if "#" not in file_name:
            return None
        for notebook in self._notebooks.values():
            for uri in notebook.code():
                if self.file_name(uri) == file_name:
                    return uri
        return None

    def readable(self, text: str, places: dict[str, str]) -> str:
        """A text in which cells are named as people know them: ``work.ipynb, cell 3``.

        ``places``: by the name that it ran under, the cell that has what ran now (rule 3).
        """
        return _FILE_NAME.sub(lambda match: self._shown_name(match[0], places), text)

    def _shown_name(self, file_name: str, places: dict[str, str]) -> str:
        name = Path(file_name.rpartition("#")[0]).name
        uri = self.uri_of(file_name) or places.get(file_name)
        uri = uri if uri is not None and self.holding(uri) is not None else None
        return f"{name}, cell {self.number_of(uri)}" if uri else f"{name}, a cell that is gone"

    def uri_shown_as(self, name: str) -> str | None:
        """The open cell that :meth:`readable` names so."""
        match = _SHOWN_NAME.fullmatch(name)
        if match is None:
            return None
        for notebook in self._notebooks.values():
            path, number = notebook_path(notebook.uri), int(match["number"])
            is_named = path is not None and path.name == match["name"]
            if is_named and 0 < number <= len(notebook.cells):
                return notebook.cells[number - 1].uri
        return None

    def sharing(self, uri: str, name: str | None) -> list[str]:
        """The open cells among which one that ran under a name may be found again (rule 3)."""
        path = (name or "").rpartition("#")[0]
        for notebook in self._notebooks.values():
            own = notebook_path(notebook.uri)
            if uri in (each.uri for each in notebook.cells) or (path and path == str(own)):
                return notebook.code()
        return []

    def has_run(self, runs: RunTable, uri: str) -> bool:
        """Whether a document, or for a cell anything of its notebook, has run (rule 1)."""
        return bool(runs.all(uri)) or (
            self.is_cell(uri) and any(self._belongs(record, uri) for record in runs.all())
        )

    def runs_of(self, runs: RunTable, uri: str, text_of: Callable[[str], str]) -> list[RunRecord]:
        """The runs that may stand in a document, oldest first.

        For a cell also those of its notebook's cells that are gone, or have another text now
        (rule 3): they stand where their text is found. ``text_of`` gives the text of an open
        document.
        """
        if not self.is_cell(uri):
            return runs.all(uri)
        others = set(self.together(uri)) - {uri}

        def is_elsewhere(record: RunRecord) -> bool:
            return record.uri in others and record.source.strip() in text_of(record.uri)

        return [
            record
            for record in runs.all()
            if record.uri == uri or (self._belongs(record, uri) and not is_elsewhere(record))
        ]

    def _belongs(self, record: RunRecord, uri: str) -> bool:
        """Whether a run is of a cell of the same notebook."""
        if record.uri is None:
            return False
        if record.uri in self.together(uri):
            return True
        path = notebook_path(self.owner(uri))
        name = (record.path or "").rpartition("#")[0]
        return path is not None and name == str(path)

    def combined(self, uri: str, text_of: Callable[[str], str]) -> CombinedText:
        """A cell's notebook as one program, for tools that know only files.

        ``text_of`` gives the text of an open document. Of a document that is no cell the program
        is its own text.
        """
        return CombinedText([(each, text_of(each)) for each in self.together(uri)])


class CombinedText:
    """Documents one below the other as one text, and positions between the two.

    Lines are 0-based. Columns are the same in both, whatever their unit. Lines that only a shell
    understands keep their place as comments, if asked for, so that the rest stays Python.
    """

    def __init__(self, parts: list[tuple[str, str]], *, python_only: bool = False) -> None:
        self._uris: list[str] = []
        self._starts: list[int] = []
        lines: list[str] = []
        for uri, text in parts:
            self._uris.append(uri)
            self._starts.append(len(lines))
            own = text.split("\n")
            lines += _as_python(own) if python_only else own
        self.lines = lines

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines)

    def to_combined(self, uri: str, line: int) -> int:
        """A document's line in the text. Raises ``ValueError`` for a document that is not in it."""
        return self._starts[self._uris.index(uri)] + line

    def to_document(self, line: int) -> tuple[str, int]:
        """The document that a line of the text comes from, and its line there."""
        number = max(0, bisect_right(self._starts, line) - 1)
        return self._uris[number], line - self._starts[number]


def _as_python(lines: list[str]) -> list[str]:
    """A cell's lines without what is no Python: columns stay, so does the number of lines."""
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%"):
        return ["" for _ in lines]
    return [
        "pass" + " " * max(0, len(line) - 4) if line[:1] in ("%", "!", "?") else line
        for line in lines
    ]
