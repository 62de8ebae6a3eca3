"""The transcript of a session of another host, asked of the session: its journal is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from ..client import SessionClient
from ..registry import SessionEntry
from ..transcripts import TranscriptEntry, entry_of


async def far_transcript(entry: SessionEntry) -> AsyncIterator[TranscriptEntry]:
    """What a session did until now. Raises :class:`SessionError` if it does not answer."""
    client = await SessionClient.connect(entry.connection_file, name="transcript")
    try:
        last = int((await client.session())["last"])
        seq, events = 0, client.events(after=0)
        async with aclosing(events):  # type: ignore[type-var]
            while seq < last:
                event = await anext(events)
                seq = event.metadata["vivo"]["seq"]
                if (found := entry_of(seq, event)) is not None:
                    yield found
    finally:
        await client.close()
