"""What a session did and what it does now, as read-only documents.

Their URIs are ``vivo-transcript:/SESSION``, ``vivo-log:/SESSION`` (what its keeper logged) and
``vivo-stack:/SESSION``; a title may follow, for the tab of an editor alone. A transcript and a log
are read from the disk, also of a session that hangs, has ended, or is an engine of a cluster on
this host; one on another host is asked for its transcript, and its log is its link's. Of long ones
the end is shown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...parallel.client import SessionClient
from ...parallel.registry import Registry
from ...parallel.remote.transcript import far_transcript
from ...parallel.transcripts import TranscriptEntry, find_journal, transcript
from ..transcript_text import text_of
from . import virtual_documents
from .virtual_documents import DocumentError

if TYPE_CHECKING:
    from .server import VivoServer

TRANSCRIPT, LOG, STACK = "vivo-transcript", "vivo-log", "vivo-stack"
MOST_SHOWN = 2_000_000  # characters, or bytes of a log


def _session_of(uri: str) -> str:
    parts = PurePosixPath(urlsplit(uri).path).parts[1:]
    if not parts:
        raise DocumentError(f"{uri} names no session.")
    return parts[0]


async def transcript_of(uri: str) -> tuple[str, str]:
    """The transcript of a session. Raises :class:`~vivo.parallel.errors.SessionError`."""
    session_id = _session_of(uri)
    entry = Registry().get(session_id)
    if entry is not None and entry.remote:
        told = [each async for each in far_transcript(entry)]
        return await asyncio.to_thread(_end_of_transcript, session_id, told), "plaintext"
    return await asyncio.to_thread(_end_of_transcript, session_id), "plaintext"


def _end_of_transcript(session_id: str, told: Iterable[TranscriptEntry] | None = None) -> str:
    parts: deque[str] = deque()
    size, is_cut = 0, False
    for entry in told if told is not None else transcript(find_journal(session_id)):
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


async def log_of(uri: str) -> tuple[str, str]:
    """The log of a session's keeper. Raises :class:`SessionError` or :class:`DocumentError`."""
    entry = Registry().get(_session_of(uri))
    if entry is not None and entry.remote:
        path = Path(entry.connection_file).with_name("link.log")
    else:
        path = find_journal(_session_of(uri)) / "keeper.log"
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - MOST_SHOWN))
            text = stream.read(MOST_SHOWN).decode(errors="replace")
    except OSError as error:
        raise DocumentError(f"The log {path} cannot be read: {error.strerror}.") from None
    return text or f"{path} is empty: nothing went wrong.\n", "plaintext"


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
    virtual_documents.provide(LOG, log_of)
    virtual_documents.provide(STACK, stack)
