"""What a session did and what it does now, as read-only documents.

Their URIs are ``vivo-transcript:/SESSION/TITLE`` and ``vivo-stack:/SESSION/TITLE``; the title is
for the tab of an editor alone. A transcript is read from the journal, also of a session that is
busy, has ended, or is an engine of a cluster on this host; of a long one the end is shown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...parallel.client import SessionClient
from ...parallel.registry import Registry
from ...parallel.transcripts import find_journal, transcript
from ..transcript_text import text_of
from . import virtual_documents
from .virtual_documents import DocumentError

if TYPE_CHECKING:
    from .server import VivoServer

TRANSCRIPT, STACK = "vivo-transcript", "vivo-stack"
MOST_SHOWN = 2_000_000  # characters


def _session_of(uri: str) -> str:
    parts = PurePosixPath(urlsplit(uri).path).parts[1:]
    if not parts:
        raise DocumentError(f"{uri} names no session.")
    return parts[0]


async def transcript_of(uri: str) -> tuple[str, str]:
    """The transcript of a session. Raises :class:`~vivo.parallel.errors.SessionError`."""
    return await asyncio.to_thread(_end_of_transcript, _session_of(uri)), "plaintext"


def _end_of_transcript(session_id: str) -> str:
    parts: deque[str] = deque()
    size, is_cut = 0, False
    for entry in transcript(find_journal(session_id)):
        parts.append(text_of(entry))
        size += len(parts[-1])
        while size > MOST_SHOWN and len(parts) > 1:
            size -= len(parts.popleft())
            is_cut = True
    if is_cut:
        parts.appendleft(
            f"[The beginning is left out: `vivo sessions show {session_id}` prints all.]\n"
        )
    return "".join(parts).lstrip("\n")


async def stack_of(server: VivoServer, uri: str) -> tuple[str, str]:
    """The stacks of a session's threads as they are now. Raises :class:`DocumentError`."""
    session_id = _session_of(uri)
    known = server.sessions.by_id(session_id)
    if known is not None and known.client is not None:
        return await known.client.stack(), "plaintext"
    entry = Registry().get(session_id)
    if entry is None:
        raise DocumentError(f"There is no session {session_id}; `vivo sessions` lists them.")
    client = await SessionClient.connect(entry.connection_file, name="stack")
    try:
        return await client.stack(), "plaintext"
    finally:
        await client.close()


def register(server: VivoServer) -> None:
    """Register the feature."""

    async def stack(uri: str) -> tuple[str, str]:
        return await stack_of(server, uri)

    virtual_documents.provide(TRANSCRIPT, transcript_of)
    virtual_documents.provide(STACK, stack)
