"""A document from one form to another, with the outputs of the session that ran it.

Rules:

1. Which form a file has is told by its name: ``.ipynb`` is a notebook, ``.html`` a page, all else a
   script.
2. A file that exists is never overwritten unbidden.
3. The outputs of a script are its session's; those of a notebook are its own, unless a session is
   named.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ...core.errors import VivoError
from ..source_files import read_source
from . import notebook, page, percent, replay
from .documents import ExportDocument
from .outputs import place_in_notebook, place_in_script

Form = Literal["script", "notebook", "html"]
ENDINGS: dict[Form, str] = {"script": ".py", "notebook": ".ipynb", "html": ".html"}


class ExportError(VivoError, ValueError):
    """A document cannot be exported; the text says why and what to do."""


@dataclass(frozen=True)
class Wanted:
    """How a document is to be exported."""

    form: Form
    outputs: bool = True
    session: str | None = None
    """Whose outputs; None: as rule 3 says."""
    comment_magics: bool | None = None
    """Whether magics of a script are comments; None: as the script says itself, else not."""
    active: bool = False
    """Whether a page may hold what acts, in frames."""


@dataclass
class Exported:
    """A document in its new form."""

    text: str
    cells: int
    runs: int
    """How many runs gave their outputs."""
    session: str | None
    """Which session they come from."""
    left_out: list[str] = field(default_factory=list)
    """A sentence for each thing that the new form cannot hold."""


def form_of(path: Path) -> Form:
    """The form of a file, by its name (rule 1)."""
    ending = path.suffix.lower()
    return {".ipynb": "notebook", ".html": "html", ".htm": "html"}.get(ending, "script")  # type: ignore[return-value]


def read_file(path: Path) -> str:
    """The text of a document's file. Raises :class:`VivoError` with a sentence."""
    if form_of(path) != "notebook":
        return read_source(path)
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise ExportError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read: {error}.") from None


def convert(text: str, path: Path | None, wanted: Wanted, *, uri: str | None = None) -> Exported:
    """A document in another form.

    ``path`` is its file, whose name tells its form, ``uri`` what an editor calls it. Raises
    :class:`VivoError`.
    """
    name = path.name if path is not None else "The document"
    form = form_of(path) if path is not None else "script"
    if form == "html":
        raise ExportError(f"{name} is a page: only scripts and notebooks can be exported.")
    if form == "notebook":
        document = notebook.read(text, name)
    else:
        document = percent.read(text, comment_magics=wanted.comment_magics)
    runs, session = 0, None
    if not wanted.outputs:
        for cell in document.cells:
            cell.outputs, cell.execution_count = [], None
    elif wanted.form != "script" and (form == "script" or wanted.session is not None):
        runs, session = _with_outputs(document, form, text, path, uri, wanted.session)
    exported = Exported("", len(document.cells), runs, session)
    if wanted.form == "script":
        exported.text = percent.write(document, comment_magics=bool(wanted.comment_magics))
        exported.left_out = _left_out(document)
    elif wanted.form == "notebook":
        exported.text = notebook.write(document)
    else:
        exported.text = page.write(document, name, active=wanted.active)
    return exported


def _with_outputs(
    document: ExportDocument,
    form: Form,
    text: str,
    path: Path | None,
    uri: str | None,
    session: str | None,
) -> tuple[int, str | None]:
    found = replay.session_that_ran(path, uri, session)
    if found is None:
        return 0, None
    name, fold = found
    records = replay.runs_of(fold, path, uri, or_in_no_file=session is not None)
    if form == "notebook":
        count = place_in_notebook(document, records, fold)
    else:
        count = place_in_script(document, text.split("\n"), records, fold)
    return count, name


def _left_out(document: ExportDocument) -> list[str]:
    told = []
    if any(cell.outputs for cell in document.cells):
        told.append("The outputs are no part of a script: the notebook keeps them.")
    if count := sum(bool(cell.attachments) for cell in document.cells):
        cells = "one cell" if count == 1 else f"{count} cells"
        told.append(f"The pictures attached to {cells} are no part of a script.")
    return told


def write_file(path: Path, text: str, *, overwrite: bool) -> None:
    """Write a document's file, whole or not at all. Raises :class:`ExportError` (rule 2)."""
    data = text.encode("utf-8", "surrogatepass")
    if not overwrite and (path.exists() or path.is_symlink()):
        raise ExportError(
            f"{path} exists already: name another file, or overwrite it with --force."
        )
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            if overwrite:
                beside.replace(path)
            else:
                os.link(beside, path)  # fails if somebody made the file meanwhile
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        raise ExportError(f"{path} exists already: name another file.") from None
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}.") from None


def _umask() -> int:
    """The permissions that new files do not get."""
    held = os.umask(0o077)
    os.umask(held)
    return held
