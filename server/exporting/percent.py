"""Documents of cells as percent scripts: Python files whose cells begin with ``# %%``. Pure.

Rules:

1. A notebook that is written as a script and read again has the same cells: sources, kinds, tags,
   ids, metadata. Outputs are no part of a script.
2. Text and raw cells are comments. A line that would begin a cell, but does not, has one ``# ``
   more.
3. Magics stay as they are, for vivo runs them in scripts; with ``comment_magics`` they are comments
   as jupytext writes them, and the file is plain Python.
4. Reading never fails: any text is a document. Blank lines between cells belong to none.
"""

from __future__ import annotations

import re
from typing import Any

from ..cells import Cell, statements_of
from .documents import ExportCell, ExportDocument, derived_ids
from .headers import read_header, write_header
from .marks import Mark, escape, is_key, read_mark, unescape, write_mark

_RESERVED = ("id", "ending", "language", "magic_args", "metadata")
_CELL_MAGIC = re.compile(r"%%(\w+)(?: (.*))?")
_MAGIC = re.compile(r"(?P<indent>[ \t]*)(?P<hashes>(?:# )*)(?:(?:%(?!%)|!).*|[\w.]+\?{1,2}[ \t]*)")


# --- Reading ----------------------------------------------------------------------------------


def read(text: str, *, comment_magics: bool | None = None) -> ExportDocument:
    """The document of a script; ``comment_magics`` None: as its header says, else not."""
    lines = text.split("\n")
    header = read_header(lines)
    metadata = dict(header.metadata)
    told = metadata.pop("jupytext", None)
    if comment_magics is None:
        said = told.get("comment_magics") if isinstance(told, dict) else None
        comment_magics = said is True or said == "true"
    marks = [
        (number, mark)
        for number, line in enumerate(lines[header.end :], header.end)
        if (mark := read_mark(line)) is not None
    ]
    if not marks:
        return ExportDocument(_paragraphs(lines, header.end), metadata)
    cells = []
    first = marks[0][0]
    start, end = _without_blank_ends(lines, header.end, first)
    if start < end:
        cells.append(ExportCell("code", "\n".join(lines[start:end]), lines=(start, end)))
    ends = [number for number, _ in marks[1:]] + [len(lines)]
    for (number, mark), end in zip(marks, ends, strict=True):
        cells.append(_read_cell(lines, number + 1, end, mark, comment_magics))
    return ExportDocument(cells, metadata)


def _read_cell(
    lines: list[str], start: int, end: int, mark: Mark, comment_magics: bool
) -> ExportCell:
    while end > start and not lines[end - 1].strip():
        end -= 1
    values = dict(mark.values)
    body = [unescape(line) for line in lines[start:end]]
    language, arguments = values.get("language"), values.get("magic_args")
    if mark.kind != "code":
        source = "\n".join(_uncommented(body))
    elif isinstance(language, str):
        del values["language"]
        values.pop("magic_args", None)
        first = f"%%{language}" + (f" {arguments}" if arguments is not None else "")
        source = "\n".join([first, *_uncommented(body)])
    else:
        source = "\n".join(_with_magics(body) if comment_magics else body)
    ending, name = values.pop("ending", ""), values.pop("id", None)
    metadata = values.pop("metadata", {})
    metadata = {**values, **(metadata if isinstance(metadata, dict) else {"metadata": metadata})}
    if mark.title:
        metadata["title"] = mark.title
    return ExportCell(
        mark.kind,
        source + (ending if isinstance(ending, str) else ""),
        id=name if isinstance(name, str) else None,
        metadata=metadata,
        lines=(start, max(start, end)),
    )


def _uncommented(lines: list[str]) -> list[str]:
    """The text of a comment; one in triple quotes is text as well."""
    whole = "\n".join(lines).strip()
    for quotes in ('"""', "'''"):
        if len(whole) >= 6 and whole.startswith(quotes) and whole.endswith(quotes):
            return whole[3:-3].strip("\n").split("\n")
    return [_uncommented_line(line) for line in lines]


def _uncommented_line(line: str) -> str:
    if line.startswith("# "):
        return line[2:]
    return line.removeprefix("#")


def _with_magics(lines: list[str]) -> list[str]:
    found = []
    for line in lines:
        match = _MAGIC.fullmatch(line)
        is_magic = match is not None and match["hashes"]
        found.append(line.replace("# ", "", 1) if is_magic else line)
    return found


def _paragraphs(lines: list[str], first: int) -> list[ExportCell]:
    """The cells of a script without marks: what blank lines outside of statements divide."""
    inside = _inner_lines(statements_of("\n".join(lines).replace("\r", " ")))
    cells = []
    start = None
    for number in range(first, len(lines) + 1):
        is_blank = number == len(lines) or (not lines[number].strip() and number not in inside)
        if not is_blank and start is None:
            start = number
        elif is_blank and start is not None:
            cells.append(ExportCell("code", "\n".join(lines[start:number]), lines=(start, number)))
            start = None
    return cells


def _inner_lines(statements: list[Cell]) -> set[int]:
    return {line for each in statements for line in range(each.start, each.end)}


def _without_blank_ends(lines: list[str], start: int, end: int) -> tuple[int, int]:
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return start, end


# --- Writing ----------------------------------------------------------------------------------


def write(document: ExportDocument, *, comment_magics: bool = False) -> str:
    """The text of the script."""
    parts = [write_header(document.metadata, comment_magics=comment_magics)]
    derived = derived_ids(document.cells)
    for cell, name in zip(document.cells, derived, strict=True):
        parts.append(_cell(cell, cell.id if cell.id != name else None, comment_magics))
    return "\n\n".join(part for part in parts if part) + "\n" if any(parts) else ""


def _cell(cell: ExportCell, name: str | None, comment_magics: bool) -> str:
    body, values = _body(cell, comment_magics)
    title = cell.metadata.get("title")
    has_title = isinstance(title, str) and title != ""
    plain: dict[str, Any] = {}
    odd: dict[str, Any] = {}
    for key, value in sorted(cell.metadata.items(), key=lambda item: item[0] != "tags"):
        if key == "title" and has_title:
            continue
        (plain if is_key(key) and key not in _RESERVED else odd)[key] = value
    values = {**plain, **({"metadata": odd} if odd else {}), **values}
    if name is not None:
        values["id"] = name
    mark = Mark(title if isinstance(title, str) else "", cell.kind, values)
    return "\n".join([write_mark(mark), *map(escape, body)])


def _body(cell: ExportCell, comment_magics: bool) -> tuple[list[str], dict[str, Any]]:
    """The lines below the mark, not yet escaped, and what the mark has to say of them."""
    values: dict[str, Any] = {}
    if cell.kind != "code":
        lines = cell.source.split("\n") if cell.source else []
        return _commented(lines), values
    source = cell.source
    text = source.rstrip("\n")
    while (cut := text.rpartition("\n"))[1] and not cut[2].strip():
        text = cut[0]
    if not text.strip():
        text = ""
    if text != source:
        values["ending"] = source[len(text) :]
    lines = text.split("\n") if text else []
    if comment_magics:
        magic = _CELL_MAGIC.fullmatch(lines[0]) if lines else None
        if magic is not None:
            values["language"] = magic[1]
            if magic[2] is not None:
                values["magic_args"] = magic[2]
            return _commented(lines[1:]), values
        lines = [_commented_magic(line) for line in lines]
    return lines, values


def _commented(lines: list[str]) -> list[str]:
    return [f"# {line}" if line else "#" for line in lines]


def _commented_magic(line: str) -> str:
    match = _MAGIC.fullmatch(line)
    if match is None:
        return line
    return f"{match['indent']}# {line[len(match['indent']) :]}"
