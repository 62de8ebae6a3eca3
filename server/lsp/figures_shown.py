"""The figures of cells beside the code: that there are some, and a small picture when asked."""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ...parallel.wire import Message
from ..blobs import Place
from ..live import LiveSession
from ..renderings import LARGEST_PICTURE, binary_of, picture_of, png_size
from ..thumbnails import thumbnail
from ..values import value_label
from .output_events import blob_of

if TYPE_CHECKING:
    from .presenter import Presenter
    from .shown import Shown

_MOST_OF_RUN = 10
_MOST_RUNS = 2_000
_MOST_THUMBNAILS = 50
FIGURE = "image/png"


class Figures:
    """The pictures of the runs, by reference."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._of: OrderedDict[str, list[tuple[str, str]]] = OrderedDict()
        """By run: what tells the display apart, and the reference of its picture."""
        self._sizes: dict[str, tuple[int, int] | None] = {}
        self._thumbnails: OrderedDict[str, bytes | None] = OrderedDict()
        self._executor: ThreadPoolExecutor | None = None

    def note(self, session: LiveSession, event: Message) -> None:
        """Note the picture of a display or of a value."""
        vivo = event.metadata["vivo"]
        run, content = vivo["run"], event.content
        if event.type == "clear_output":
            self._of.pop(run, None)
            return
        data = content.get("data")
        if not isinstance(data, dict) or not isinstance(data.get(FIGURE), str):
            return
        raw = binary_of(FIGURE, data[FIGURE])
        name = self._presenter.blobs.put(raw, Place(session.id, vivo["seq"], FIGURE))
        self._sizes[name] = png_size(raw)
        display = (content.get("transient") or {}).get("display_id") or f"#{vivo['seq']}"
        if event.type == "update_display_data":
            for held in self._of.values():
                held[:] = [(at, name if at == display else each) for at, each in held]
            return
        held = self._of.setdefault(run, [])
        if len(held) < _MOST_OF_RUN:
            held.append((display, name))
        while len(self._of) > _MOST_RUNS:
            _, dropped = self._of.popitem(last=False)
            for _, each in dropped:
                self._sizes.pop(each, None)

    def of(self, run: str) -> list[str]:
        """The references of a run's pictures."""
        return [name for _, name in self._of.get(run, ())]

    def label(self, run: str) -> str:
        """What a label says of a run's pictures."""
        names = self.of(run)
        size = self._sizes.get(names[0]) if len(names) == 1 else None
        told = f" {size[0]}×{size[1]}" if size else ""
        return f"figure{told}" if len(names) == 1 else f"{len(names)} figures"

    async def markdown(self, run: str) -> str:
        """The pictures of a run, small, as Markdown; in words where the client shows none."""
        parts = []
        left = LARGEST_PICTURE
        for name in self.of(run):
            raw = await blob_of(self._presenter, name)
            if raw is None:
                continue
            small = await self._small(name, raw, left) if self._presenter.can.images else None
            shown = small if small is not None and len(small) <= left else raw
            can_show = shown is not raw or len(raw) <= left
            left -= len(shown) if can_show else 0
            encoded = base64.b64encode(shown).decode("ascii")
            parts.append(
                picture_of({FIGURE: encoded}, images=self._presenter.can.images and can_show)
            )
        return "\n\n".join(parts) or "*The figure is no longer kept: run its cell again.*"

    async def _small(self, name: str, raw: bytes, limit: int) -> bytes | None:
        if len(raw) <= limit:
            return raw
        if name not in self._thumbnails:
            if self._executor is None:  # not the loop's own: it reads the client's messages
                self._executor = ThreadPoolExecutor(1, "vivo-thumbnails")
            loop = asyncio.get_running_loop()
            made = await loop.run_in_executor(self._executor, thumbnail, raw, LARGEST_PICTURE)
            self._thumbnails[name] = made
            while len(self._thumbnails) > _MOST_THUMBNAILS:
                self._thumbnails.popitem(last=False)
        return self._thumbnails.get(name)


def figures_shown(presenter: Presenter, uri: str) -> Iterable[Shown]:
    """That a cell has made figures, at its end."""
    from .shown import Shown, has_outputs

    anchors = presenter.documents.get(uri) if not has_outputs(presenter, uri) else None
    limit = presenter.server.settings.value_width
    for anchor in anchors.anchors if anchors is not None else ():
        run = anchor.record.id
        if presenter.figures.of(run):
            told = presenter.figures.label(run)
            label = value_label(told, is_stale=anchor.is_stale, limit=limit)
            yield Shown("figure", anchor.end - 1, label, {"text/plain": told}, run)
