"""What stands beside the code of a document: values, pins, figures, bars, variables of frames.

Each is a :class:`Shown`; how it is drawn (hint, lens, diagnostic) is the channels' affair.

Rules:

1. Everything derives from the runs that are anchored in the document, and from the session's
   events; a pin alone is this server's own, and goes with it.
2. What can be shown of one run is shown of a replayed one too.
3. A pinned value stays, wherever its statement goes, until it is unpinned or its text is deleted.
4. What a notebook shows below its cells does not stand beside their code too: values that are
   displayed nowhere, as of assignments, do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

import attrs

from ...parallel.messages import RunRecord, RunValue
from ..anchors import Anchor, Anchors
from ..renderings import fenced, rendering_of
from ..values import line_of, names_label, value_label

if TYPE_CHECKING:
    from .presenter import Presenter

Kind = Literal["value", "pinned", "figure", "frame", "progress"]
Source = Callable[["Presenter", str], Iterable["Shown"]]


@attrs.frozen
class Shown:
    """Something beside a line of a document."""

    kind: Kind
    line: int
    """0-based; it stands at the line's end."""
    label: str
    data: dict[str, Any]
    """The MIME bundle that it shows in full."""
    run: str
    number: int = 0
    """Which one of its kind of its run."""

    @property
    def key(self) -> str:
        """A name for it, the same as long as it is shown."""
        return f"{self.kind}:{self.run}:{self.number}"


def shown_in(presenter: Presenter, uri: str) -> list[Shown]:
    """All that is shown in a document."""
    return [each for source in presenter.sources for each in source(presenter, uri)]


def find(presenter: Presenter, uri: str, key: str) -> Shown | None:
    """What is shown under a name; None if it no longer is."""
    return next((each for each in shown_in(presenter, uri) if each.key == key), None)


def in_full(presenter: Presenter, shown: Shown) -> str:
    """The Markdown of what is shown; a figure's picture is made by :mod:`.figures_shown`."""
    if shown.kind in ("frame", "progress"):
        return fenced(str(shown.data.get("text/plain", "")), "python")
    return rendering_of(shown.data, images=presenter.can.images)


# --- Values and pins -------------------------------------------------------------------------


def values_shown(presenter: Presenter, uri: str) -> Iterable[Shown]:
    """The values of the document's runs, at the end of the statements that made them."""
    anchors = presenter.documents.get(uri)
    if anchors is None:
        return
    pinned = {pin.record.id for pin in pins_of(presenter, uri)}
    limit = presenter.server.settings.value_width
    is_below = has_outputs(presenter, uri)
    for anchor in anchors.anchors:
        shown_below = _number_of_result(presenter, anchor.record) if is_below else None
        for number, value in enumerate(anchor.record.values):
            if pin_id(anchor.record, number) in pinned or number == shown_below:
                continue
            label = value_label(line_of(value.data), is_stale=anchor.is_stale, limit=limit)
            line = anchor.line_of(value.last_line)
            yield Shown("value", line, label, value.data, anchor.record.id, number)


def has_outputs(presenter: Presenter, uri: str) -> bool:
    """Whether the client shows what a document's cells display below them (rule 4)."""
    return presenter.can.notebooks and presenter.server.notebooks.is_cell(uri)


def _number_of_result(presenter: Presenter, record: RunRecord) -> int | None:
    """Which of a run's values its output shows: only the last one may be it."""
    session = presenter.session_of(record)
    if session is None or not record.values:
        return None
    data = session.outputs.get(record.id)
    if data is None:  # of a run that is long past it is not at hand
        is_it = presenter.server.settings.values != "assignments"
    else:
        is_it = data.get("text/plain") == record.values[-1].data.get("text/plain")
    return len(record.values) - 1 if is_it else None


def pins_shown(presenter: Presenter, uri: str) -> Iterable[Shown]:
    """The pinned values."""
    limit = presenter.server.settings.value_width
    for pin in pins_of(presenter, uri):
        data = pin.record.values[0].data
        label = value_label(line_of(data), is_pinned=True, limit=limit)
        yield Shown("pinned", pin.end - 1, label, data, pin.record.id)


def pins_of(presenter: Presenter, uri: str) -> list[Anchor]:
    """The pins of a document, where their text is now."""
    pins = presenter.pins.get(uri)
    return pins.anchors if pins is not None else []


def pin_id(record: RunRecord, number: int) -> str:
    """The name of the pin of a value."""
    return f"{record.id}/{number}"


def value_at(anchors: Anchors, line: int) -> tuple[Anchor, int, RunValue] | None:
    """The value of the statement at a line, else the last one of the result there."""
    anchor = anchors.at(line)
    if anchor is None or not anchor.record.values:
        return None
    values = anchor.record.values
    for number, value in reversed(list(enumerate(values))):
        if anchor.line_of(value.first_line) <= line <= anchor.line_of(value.last_line):
            return anchor, number, value
    return anchor, len(values) - 1, values[-1]


def pin(presenter: Presenter, uri: str, line: int) -> bool:
    """Pin the value of the statement at a line; whether there is one."""
    anchors = presenter.documents.get(uri)
    found = value_at(anchors, line) if anchors is not None else None
    if found is None:
        return False
    anchor, number, value = found
    lines = presenter.lines_of(uri)
    pins = presenter.pins.setdefault(uri, Anchors(lines))
    start, end = anchor.line_of(value.first_line), anchor.line_of(value.last_line) + 1
    record = RunRecord(
        id=pin_id(anchor.record, number),
        source="\n".join(lines[start:end]),
        uri=uri,
        first_line=start + 1,
        values=[value],
    )
    pins.place(record, start, end)
    return True


def unpin(presenter: Presenter, uri: str, line: int) -> bool:
    """Unpin what is pinned at a line; whether anything was."""
    pins = presenter.pins.get(uri)
    held = next((each for each in pins_of(presenter, uri) if each.start <= line < each.end), None)
    if pins is None or held is None:
        return False
    pins.anchors.remove(held)
    return True


# --- Variables of frames, bars ---------------------------------------------------------------


def frames_shown(presenter: Presenter, uri: str) -> Iterable[Shown]:
    """The variables of the frames of errors, on the lines where these failed."""
    if not presenter.server.settings.frame_values:
        return
    from .failures import failures, line_of_frame

    limit = presenter.server.settings.value_width
    for failure in failures(presenter):
        lines: dict[int, dict[str, Any]] = {}
        for frame in failure.report.get("frames", ()):
            line = line_of_frame(presenter, failure, frame, uri) if frame["values"] else None
            if line is not None:
                lines[line] = frame  # of a function that calls itself, the innermost
        for number, (line, frame) in enumerate(lines.items()):
            values = [(str(name), str(text)) for name, text in frame["values"]]
            code = frame["source"][frame["line"] - frame["first_source_line"]]
            text = "\n".join(f"{name} = {value}" for name, value in values)
            label = names_label(values, code, limit)
            run = failure.record.id
            yield Shown("frame", line, label, {"text/plain": text}, run, number)


def bars_shown(presenter: Presenter, uri: str) -> Iterable[Shown]:
    """The progress bars of the cells that run."""
    limit = presenter.server.settings.value_width
    anchors = presenter.documents.get(uri) if not has_outputs(presenter, uri) else None
    for anchor in anchors.anchors if anchors is not None else ():
        label = presenter.bars.label_of(anchor.record.id)
        if label and anchor.record.finished is None:
            line = min(anchor.start + presenter.bars.line_of(anchor.record), anchor.end - 1)
            shown = value_label(label, limit=limit)
            yield Shown("progress", line, shown, {"text/plain": label}, anchor.record.id)
