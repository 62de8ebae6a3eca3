"""What ``obj?`` and ``obj??`` show, as documents beside the code.

Their URIs are ``vivo-page:/SESSION/RUN/N/TITLE``; the title is for the tab of an editor alone.
"""

from __future__ import annotations

import ast
import re
from collections import OrderedDict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ..live import LiveSession
from ..replays import events_of
from . import virtual_documents
from .virtual_documents import DocumentError

if TYPE_CHECKING:
    from .presenter import Presenter
    from .server import VivoServer

SCHEME = "vivo-page"
_MOST_KEPT = 100
_LONGEST_TITLE = 40
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PLACE = re.compile(r"[0-9A-Za-z_-]{1,100}")


class Pages:
    """The pages of the runs of this client."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def paged(self, session: LiveSession, run: str, pages: list[dict[str, Any]]) -> None:
        """A run has ended with pages: they open beside the code, if it was this client's."""
        record = session.runs.get(run)
        title = _title(record.source) if record is not None else "page"
        uris = [uri_of(session.id, run, number, title) for number in range(len(pages))]
        for uri, page in zip(uris, pages, strict=True):
            self._kept[uri] = page["data"]
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        server = self._presenter.server
        if run in session.own_runs and virtual_documents.can_open(server, uris[-1]):
            server.in_background(virtual_documents.show(server, uris[-1]))

    async def content(self, uri: str) -> tuple[str, str]:
        """The text of a page and its language. Raises :class:`DocumentError` if it is gone."""
        data = self._kept.get(uri)
        if data is None:
            data = await self._again(uri)
        if data is None:
            raise DocumentError(f"The page {uri} is no longer there: run its cell again.")
        text = _ANSI.sub("", str(data.get("text/plain", "")))
        return text, "python" if _is_code(text) else "plaintext"

    async def _again(self, uri: str) -> dict[str, Any] | None:
        """A page from the session's journal."""
        place = PurePosixPath(urlsplit(uri).path).parts[1:]
        if len(place) not in (3, 4) or not all(_PLACE.fullmatch(part) for part in place[:3]):
            return None
        session_id, run, number = place[:3]
        for session in self._presenter.server.every_session():
            record = session.runs.get(run) if session.id == session_id else None
            if record is None or not number.isdigit():
                continue
            for event in reversed(await events_of(session, record)):
                payload = event.metadata["vivo"].get("payload", ())
                pages = [each for each in payload if each["source"] == "page"]
                if int(number) < len(pages):
                    found: dict[str, Any] = pages[int(number)]["data"]
                    return found
        return None


def uri_of(session: str, run: str, number: int, title: str) -> str:
    """The URI of a page of a run."""
    return f"{SCHEME}:/{session}/{run}/{number}/{quote(title)}"


def _title(code: str) -> str:
    """What a page is about: the last line that asked for one."""
    last = code.rstrip().rpartition("\n")[2].strip()
    return re.sub(r"[^\w. ?%-]", "", last)[:_LONGEST_TITLE] or "page"


def _is_code(text: str) -> bool:
    """Whether a page is Python and nothing else, as what ``%psource`` shows."""
    try:
        return bool(ast.parse(text).body) and "\n" in text.strip()
    except (SyntaxError, ValueError, RecursionError):
        return False


def register(server: VivoServer) -> None:
    """Register the feature."""
    virtual_documents.provide(SCHEME, server.presenter.pages.content)
