"""A document of cells, whichever form it was read from.

Rules:

1. A cell's id, once it has one, stays. A cell without one gets an id made of its text, the same
   each time, so that a document converted twice is the same file.
2. Outputs are as notebooks hold them (nbformat 4.5), texts as one string.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

CellKind = Literal["code", "markdown", "raw"]
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")

Output = dict[str, Any]


@dataclass
class ExportCell:
    """A cell."""

    kind: CellKind
    source: str
    id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    """As a notebook has it: ``tags`` and others; ``title`` is what stands in a script's mark."""
    outputs: list[Output] = field(default_factory=list)
    execution_count: int | None = None
    lines: tuple[int, int] | None = None
    """In a script, the 0-based line of its text and the line after it."""
    attachments: dict[str, Any] = field(default_factory=dict)
    """Pictures that belong to a text, by name."""


@dataclass
class ExportDocument:
    """Cells, and what is said of them together."""

    cells: list[ExportCell]
    metadata: dict[str, Any] = field(default_factory=dict)
    """As a notebook has it: ``kernelspec``, ``language_info``, …."""


def derived_ids(cells: list[ExportCell]) -> list[str]:
    """The id that each cell has if it was given none (rule 1)."""
    seen: Counter[str] = Counter()
    found = []
    for cell in cells:
        key = hashlib.sha256(f"{cell.kind}\0{cell.source}".encode("utf-8", "replace")).hexdigest()[
            :8
        ]
        seen[key] += 1
        found.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return found


def ids_of(cells: list[ExportCell]) -> list[str]:
    """The id of each cell as a notebook may have it: well-formed, and no two the same."""
    taken: set[str] = set()
    found = []
    for cell, derived in zip(cells, derived_ids(cells), strict=True):
        wanted = cell.id if cell.id is not None and _ID.fullmatch(cell.id) else derived
        name, count = wanted, 2
        while name in taken:
            name, count = f"{wanted[:58]}-{count}", count + 1
        taken.add(name)
        found.append(name)
    return found
