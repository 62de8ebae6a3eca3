"""Consoles of editors: documents that hold the input which is typed into a session. Pure.

Rules:

1. The URI of a console names its session, and the document that it was opened from: another server
   makes the same of it. Where that session has ended, the document's takes its place.
2. Its text is that of a cell to come: what is asked about it is asked of the session, also before
   anything was typed there.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ..core.transform import Transformer
from ..core.transform.completeness import completeness

SCHEME = "vivo-console"


class Console(NamedTuple):
    """What the URI of a console says."""

    session: str
    document: str


def console_uri(session: str, document: str, number: str) -> str:
    """The URI of a console; ``number`` tells it from others of the same session."""
    return f"{SCHEME}:/{quote(session)}/{number}?{quote(document, safe='')}"


def is_console(uri: str) -> bool:
    """Whether a URI is a console's."""
    return uri.startswith(f"{SCHEME}:/")


def console_of(uri: str) -> Console | None:
    """What a URI says of a console; None if it is of something else."""
    if not is_console(uri):
        return None
    parts = urlsplit(uri)
    session, _, _ = parts.path.lstrip("/").partition("/")
    return Console(unquote(session), unquote(parts.query))


def as_typed(source: str) -> str:
    """A source as it is judged: a line that holds nothing ends a block, also if it is indented."""
    lines = source.split("\n")
    if len(lines) > 1 and not lines[-1].strip():
        return "\n".join(lines[:-1]) + "\n"
    return source


def judged_here(source: str) -> tuple[str, str]:
    """Whether a source is complete, by this process; and the next line's indentation."""
    return completeness(source, Transformer().transform(source))


def pattern_of(text: str) -> str:
    """The glob pattern of the inputs in which a text stands."""
    literal = re.sub(r"[*?[]", r"[\g<0>]", text)
    return f"*{literal}*"
