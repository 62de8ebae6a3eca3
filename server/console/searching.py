"""The history of Up and Ctrl-R: the newest inputs at once, older ones when searched for.

A history may hold a million inputs: what stands in memory are the newest, and the matches of
what was searched for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence

from prompt_toolkit.history import History

from ...parallel.errors import SessionError
from ..consoles import pattern_of

NEWEST = 5000  # inputs that are there from the beginning
_MATCHES = 200  # inputs that a search brings
_PAUSE = 0.15  # seconds that a search waits for the next key

Search = Callable[[str, int], Awaitable[list[str]]]


class SessionHistory(History):
    """Inputs, the newest first, to which older ones are added while a prompt is open."""

    def __init__(self, texts: Sequence[str]) -> None:
        """``texts``: the oldest first."""
        super().__init__()
        self._loaded_strings = list(reversed(texts))
        self._known = set(texts)
        self._grown = asyncio.Event()

    async def load(self) -> AsyncGenerator[str, None]:
        """Each input from the newest on; then those that are added, as they are."""
        at = 0
        while True:
            while at < len(self._loaded_strings):
                yield self._loaded_strings[at]
                at += 1
            self._grown.clear()
            await self._grown.wait()

    def add_older(self, texts: Iterable[str]) -> bool:
        """Put inputs behind all others, each once; whether there were new ones."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(fresh)
        self._loaded_strings += fresh
        self._grown.set()
        return bool(fresh)

    def load_history_strings(self) -> Iterable[str]:
        """Nothing: the session is asked, not a file."""
        return ()

    def store_string(self, string: str) -> None:
        """Nothing to keep: the session keeps what it runs."""
        self._known.add(string)


class OlderInputs:
    """Asks for older inputs while the user searches."""

    def __init__(
        self,
        history: SessionHistory,
        search: Search,
        found: Callable[[], None],
    ) -> None:
        """``search(pattern, count)`` awaits the inputs, oldest first; ``found`` redraws."""
        self._history, self._search, self._found = history, search, found
        self._task: asyncio.Task[None] | None = None

    def changed(self, text: str) -> None:
        """The user searches for another text."""
        self.stop()
        if text:
            self._task = asyncio.create_task(self._ask(text), name="vivo-console-search")

    def stop(self) -> None:
        """Search no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _ask(self, text: str) -> None:
        await asyncio.sleep(_PAUSE)
        try:
            texts = await self._search(pattern_of(text), _MATCHES)
        except SessionError:
            return  # it is away: what is here is searched
        if self._history.add_older(reversed(texts)):
            self._found()
