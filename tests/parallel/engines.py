"""Views of real sessions, without a controller."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vivo.parallel.cluster import loop
from vivo.parallel.cluster.engine_link import EngineLink
from vivo.parallel.cluster.views import DirectView
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import Registry, SessionEntry


@contextmanager
def sessions(home: Path, count: int, *, python: str | None = None) -> Iterator[list[SessionEntry]]:
    """Some sessions."""
    more = {"python": python} if python else {}
    options = SessionOptions(cwd=str(home), workspace=str(home), **more)

    async def start() -> list[SessionEntry]:
        return list(await asyncio.gather(*(start_session(options) for _ in range(count))))

    entries = asyncio.run(start())
    yield entries
    for each in entries:
        if Registry().get(each.id) is not None:
            asyncio.run(end_session(each.id))


@contextmanager
def view_of(entries: list[SessionEntry], *, is_here: bool = True) -> Iterator[DirectView]:
    """A view of sessions as engines; if not ``is_here``, as if they were on another host."""
    made = loop.acquire()
    links = [
        EngineLink(
            json.loads(Path(entry.connection_file).read_text()),
            number=number,
            session=entry.id if is_here else "",
        )
        for number, entry in enumerate(entries)
    ]
    yield DirectView(made, links)
    for each in links:
        made.call(each.close)
    loop.release()
