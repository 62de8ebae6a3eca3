"""What is done with the shown values: clear, pin, copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import VivoError
from ...parallel.messages import RunRecord, RunValue
from ..protocol.outputs import ClearParams, CopiedText, PinParams, ValueParams
from ..replays import events_of
from .shown import pin, pins_of, unpin, value_at

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer


class NoValueError(VivoError, LookupError):
    """There is no value where one was asked for."""


async def clear(server: VivoServer, params: ClearParams) -> None:
    """Forget the shown values, or those of the cell at a position; pinned ones stay."""
    anchors = server.presenter.documents.get(params.uri)
    if anchors is None:
        return
    if params.position is None:
        anchors.clear()
    else:
        held = anchors.at(params.position.line)
        if held is None:
            return
        anchors.anchors.remove(held)
    server.presenter.refresh(params.uri)


async def pin_value(server: VivoServer, params: PinParams) -> None:
    """Pin the value at a position, or unpin it."""
    act = pin if params.pinned else unpin
    if not act(server.presenter, params.uri, params.position.line):
        kind = "value" if params.pinned else "pinned value"
        raise NoValueError(f"There is no {kind} at line {params.position.line + 1}.")
    server.presenter.refresh(params.uri)


async def copy_value(server: VivoServer, params: ValueParams) -> CopiedText:
    """The whole text of the value at a position."""
    presenter, line = server.presenter, params.position.line
    anchors = presenter.documents.get(params.uri)
    found = value_at(anchors, line) if anchors is not None else None
    if found is not None:
        anchor, _, value = found
        return CopiedText(await _whole(server, anchor.record, value))
    for pinned in pins_of(presenter, params.uri):
        if pinned.start <= line < pinned.end:
            return CopiedText(str(pinned.record.values[0].data.get("text/plain", "")))
    raise NoValueError(f"There is no value at line {line + 1}: run its cell first.")


async def _whole(server: VivoServer, record: RunRecord, value: RunValue) -> str:
    """The text of a value; what its record has cut comes from the session's journal."""
    text = str(value.data.get("text/plain", ""))
    session = server.presenter.session_of(record)
    if not text.endswith("…") or session is None:
        return text
    for event in await events_of(session, record):
        if event.type == "execute_result":
            told = str(event.content["data"].get("text/plain", ""))
            if len(told) >= len(text) and told.startswith(text[:-1]):
                return told
    return text


HANDLERS: dict[str, Handler] = {
    "vivo.server.clear": clear,
    "vivo.server.pinValue": pin_value,
    "vivo.server.copyValue": copy_value,
}
