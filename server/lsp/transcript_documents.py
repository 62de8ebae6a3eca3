"""What a session did and what its keeper logged, as documents beside the code.

Their URIs are ``vivo-transcript:/SESSION`` and ``vivo-log:/SESSION``, also of sessions that have
ended. Both are read from the disk: a session that hangs has them too. What is long is told from its
end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ...parallel.transcripts import find_journal, transcript
from . import virtual_documents
from .virtual_documents import DocumentError

if TYPE_CHECKING:
    from .server import VivoServer

TRANSCRIPT, LOG = "vivo-transcript", "vivo-log"
_MOST = 2**20
"""Characters, or bytes of a log."""
_LEFT_OUT = "[What came before is left out; `vivo sessions show {id}` tells all.]\n"


async def transcript_of(uri: str) -> tuple[str, str]:
    """Inputs and outputs of a session. Raises :class:`SessionError` if it has left none."""
    return await asyncio.to_thread(_transcript, find_journal(_session_of(uri))), "plaintext"


async def log_of(uri: str) -> tuple[str, str]:
    """The log of a session's keeper. Raises :class:`SessionError` or :class:`DocumentError`."""
    path = find_journal(_session_of(uri)) / "keeper.log"
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _MOST))
            text = stream.read(_MOST).decode(errors="replace")
    except OSError as error:
        raise DocumentError(f"The log {path} cannot be read: {error.strerror}.") from None
    return text or f"{path} is empty: nothing went wrong.\n", "plaintext"


def _session_of(uri: str) -> str:
    return unquote(urlsplit(uri).path).strip("/")


def _transcript(folder: Path) -> str:
    from ..commands.session_transcript import text_of

    kept: deque[str] = deque()
    length, is_cut = 0, False
    for entry in transcript(folder):
        text = text_of(entry)
        kept.append(text[-_MOST:])
        length += len(kept[-1])
        while length > _MOST:
            length -= len(kept.popleft())
            is_cut = True
    return (_LEFT_OUT.format(id=folder.name) if is_cut else "") + "".join(kept).lstrip("\n")


def register(server: VivoServer) -> None:
    """Register the feature."""
    virtual_documents.provide(TRANSCRIPT, transcript_of)
    virtual_documents.provide(LOG, log_of)
