"""Results anchored to the text of a document. Pure: an edit or a run in, positions out.

Rules, asserted by :meth:`Anchors.validate`:

1. A result stands where its text stands: lines inserted above move it.
2. When its text changes it is stale, marked and not removed; when the text is again what ran it is
   fresh again.
3. When its text is deleted it is gone; when an edit of the same step or a later one puts the text
   elsewhere (a moved cell, a cut and a paste, an undo) it is there. It is looked for in what was
   put there, never in what stood there already: that is another statement, which did not run.
4. A new run takes the place of the results on its lines.
5. An edit costs what it touches: results above it are not looked at, those below are moved.

A step is what the editor tells at once: each edit is followed, and then the step is settled.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property

from ..parallel.messages import RunRecord
from .text import DocumentText, Edit

__all__ = ["Anchor", "Anchors", "Edit"]

MAXIMUM_GONE = 200
"""Results of deleted text that are kept, for the case that it comes back."""
_CANDIDATES = 1_000
"""Lines that say the same and are looked at for one line of a text."""


@dataclass(eq=False)
class Anchor:
    """A run's place in a document. Lines are 0-based, the end exclusive."""

    record: RunRecord
    start: int
    end: int
    text: list[str]
    """The lines that ran, as they stood in the document."""
    is_stale: bool = False

    @cached_property
    def says(self) -> frozenset[str]:
        """Its lines without the white space around them; no blank ones."""
        return frozenset(line.strip() for line in self.text) - {""}

    def line_of(self, line: int) -> int:
        """Where a 1-based line of the file as it ran is now."""
        offset = max(0, line - self.record.first_line)
        return min(self.start + offset, max(self.start, self.end - 1))


@dataclass
class Anchors:
    """The results of one document."""

    lines: list[str]
    anchors: list[Anchor] = field(default_factory=list)
    """By their lines, top to bottom."""
    gone: deque[Anchor] = field(default_factory=lambda: deque(maxlen=MAXIMUM_GONE))
    """Those whose text was deleted."""
    _touched: list[tuple[int, int]] = field(default_factory=list)
    """The lines that this step has written, start and end exclusive."""
    _lost: list[Anchor] = field(default_factory=list)
    """Those that this step has replaced."""

    def place(self, record: RunRecord, start: int, end: int) -> None:
        """A run of lines that are known: its result replaces what stands there (rule 4)."""
        self._put(Anchor(record, start, end, self.lines[start:end]))

    def _put(self, new: Anchor) -> None:
        low = bisect_left(self.anchors, new.start + 1, key=lambda each: each.end)
        high = bisect_left(self.anchors, new.end, key=lambda each: each.start)
        self.anchors[low:high] = [new]

    def update(self, record: RunRecord) -> None:
        """The newer state of a run that is placed."""
        for anchor in (*self.anchors, *self.gone):
            if anchor.record.id == record.id:
                anchor.record = record

    def adopt(self, record: RunRecord) -> bool:
        """Place a run of an earlier server by its text; whether the text was found."""
        wanted = record.source.split("\n")
        start = self._find(wanted, record.first_line - 1)
        if start is None:
            return False
        self.anchors = [each for each in self.anchors if each.record.id != record.id]
        self.place(record, start, start + len(wanted))
        return True

    def edit(self, edit: Edit, lines: list[str]) -> bool:
        """Follow one edit and settle; ``lines`` is the document after it. See :meth:`settle`."""
        has_changed = self.follow(edit, lines)
        return self.settle() or has_changed

    def follow(self, edit: Edit, lines: list[str]) -> bool:
        """Follow one edit of a step; whether a result has moved, changed or gone."""
        self.lines = lines
        around = _Around(edit, lines)
        delta = around.written - edit.end[0]
        anchors = self.anchors
        # The one that ends just above is looked at too: what follows it may be its text again.
        low = bisect_left(anchors, edit.start[0], key=lambda each: each.end)
        high = low
        while high < len(anchors) and anchors[high].start <= edit.end[0]:
            high += 1
        if delta:
            for anchor in anchors[high:]:
                anchor.start += delta
                anchor.end += delta
            self._touched = [_moved(each, edit, delta) for each in self._touched]
        if (new := around.new_lines()) is not None:
            self._touched.append(new)
        if low == high:
            return bool(delta) and high < len(anchors)
        before = [(each.start, each.end, each.is_stale) for each in anchors[low:high]]
        kept: list[Anchor] = []
        below = anchors[high].start if high < len(anchors) else len(lines)
        for each in reversed(anchors[low:high]):
            if self._move(each, around, below):
                kept.insert(0, each)
                below = each.start
        if len(kept) > 1:
            kept = self._without_overlaps(kept)
        self.anchors[low:high] = kept
        for each in kept:
            if each.is_stale and each in self.anchors:
                self._regain(each)
        after = [(each.start, each.end, each.is_stale) for each in kept]
        return before != after or bool(delta)

    def settle(self) -> bool:
        """End a step: what lost its text is looked for in what was written; whether any was."""
        touched, self._touched = self._touched, []
        lost, self._lost = self._lost, []
        lost = [each for each in lost if each.is_stale and each in self.anchors]
        wanted = [*lost, *reversed(self.gone)]
        if not wanted:
            return False
        written: dict[str, list[int]] = {}
        for number in sorted({n for start, end in touched for n in range(start, end)}):
            if number < len(self.lines) and (said := self.lines[number].strip()):
                written.setdefault(said, []).append(number)
        has_found = False
        for anchor in wanted:
            start = self._written(anchor, written)
            if start is None:
                continue
            if anchor in self.gone:
                self.gone.remove(anchor)
            self._take(anchor, start)
            has_found = True
        return has_found

    def replace(self, lines: list[str]) -> bool:
        """The whole text was replaced: what differs is edited."""
        text = DocumentText("\n".join(self.lines))
        has_changed = False
        for edit in text.replacing("\n".join(lines)):
            text.edit(edit.start, edit.end, edit.text)
            has_changed = self.follow(edit, text.lines) or has_changed
        self.lines = lines
        return self.settle() or has_changed

    def clear(self) -> None:
        """Forget all results."""
        self.anchors.clear()
        self.gone.clear()

    def at(self, line: int) -> Anchor | None:
        """The result whose lines hold a line."""
        place = bisect_left(self.anchors, line + 1, key=lambda each: each.end)
        if place < len(self.anchors) and self.anchors[place].start <= line:
            return self.anchors[place]
        return None

    def _move(self, anchor: Anchor, around: _Around, below: int) -> bool:
        """Move a touched anchor; whether it is still there.

        An anchor goes where its own lines have gone; what was written between them, or in place of
        its first or last, is its text now.
        """
        first, last, written = around.first, around.last, around.written
        has_head, has_tail = around.has_head, around.has_tail
        start, end = anchor.start, anchor.end - 1
        new_start, new_end = around.after(start), around.after(end)
        if new_start is None and new_end is None:
            # What is written is its own, but for the lines that are others'.
            low, high = first + around.has_head, written - around.has_tail
            if not around.has_text or low > high:
                return self._delete(anchor)
            new_start = min(max(start, low), high)
            new_end = high if end >= last else min(max(end, new_start), high)
        elif new_start is None:  # what is written in place of its first line is its own
            new_start = first if start <= first else written + (0 if has_tail else 1)
        elif new_end is None:
            new_end = written if end >= last else first - (0 if has_head else 1)
        elif end == first == last and has_head and has_tail:
            new_end = written  # its last line was cut in two
        is_replaced = around.after(start) is None and around.after(end) is None
        assert new_end is not None
        anchor.start, anchor.end = new_start, max(new_start, new_end) + 1
        self._judge(anchor, is_replaced, below)
        return True

    def _delete(self, anchor: Anchor) -> bool:
        self.gone.append(anchor)
        anchor.is_stale = True
        return False

    def _judge(self, anchor: Anchor, is_replaced: bool, below: int) -> None:
        """Whether an anchor is stale; fresh again also where its end alone was unclear, if
        that is above the next result, at ``below``.

        One whose every line was replaced may have been moved: its text is looked for.
        """
        if anchor.start + len(anchor.text) <= below and self._stands(anchor.text, anchor.start):
            anchor.end, anchor.is_stale = anchor.start + len(anchor.text), False
            return
        if is_replaced and not anchor.is_stale:
            self._lost.append(anchor)
        anchor.is_stale = True

    def _stands(self, wanted: list[str], start: int) -> bool:
        return _same(self.lines[start : start + len(wanted)], wanted)

    def _fits(self, anchor: Anchor) -> bool:
        return _same(self.lines[anchor.start : anchor.end], anchor.text)

    def _written(self, anchor: Anchor, written: dict[str, list[int]]) -> int | None:
        """Where this step has written an anchor's text: the nearest place that is free.

        ``written`` are this step's lines, by what they say. A line of the text must be among them.
        """
        if anchor.says.isdisjoint(written):
            return None
        length = len(anchor.text)
        starts = {
            number - offset
            for offset, line in enumerate(anchor.text)
            for number in written.get(line.strip(), ())[:_CANDIDATES]
        }
        found = [
            start
            for start in starts
            if start >= 0
            and self._stands(anchor.text, start)
            and self._is_free(start, start + length, anchor)
        ]
        return min(found, key=lambda start: abs(start - anchor.start)) if found else None

    def _is_free(self, start: int, end: int, but: Anchor) -> bool:
        """Whether no other result that is fresh stands on some lines."""
        return all(other is but or other.is_stale for other in self._over(start, end))

    def _regain(self, anchor: Anchor) -> None:
        """A stale result whose text stands around its first line again, as after an undo."""
        length = len(anchor.text)
        for start in range(max(0, anchor.start - length + 1), anchor.start):
            if self._stands(anchor.text, start) and self._is_free(start, start + length, anchor):
                self._take(anchor, start)
                return

    def _take(self, anchor: Anchor, start: int) -> None:
        """Put a result where its text stands; stale ones there keep the lines that are left."""
        self.anchors = [each for each in self.anchors if each is not anchor]
        anchor.start, anchor.end, anchor.is_stale = start, start + len(anchor.text), False
        for other in self._over(start, anchor.end):
            if other.start < start:
                other.end = start
            elif other.end > anchor.end:
                other.start = anchor.end
            else:
                self.anchors.remove(other)
                self._delete(other)
        self._put(anchor)

    def _over(self, start: int, end: int) -> list[Anchor]:
        """The results that stand on some of these lines."""
        low = bisect_left(self.anchors, start + 1, key=lambda each: each.end)
        high = bisect_left(self.anchors, end, key=lambda each: each.start)
        return self.anchors[low:high]

    def _find(self, wanted: list[str], near: int) -> int | None:
        """The line where a text stands, the nearest to ``near``; None if it does not."""
        if not any(line.strip() for line in wanted):
            return None
        key = wanted[0].strip()
        found = [
            number
            for number, line in enumerate(self.lines)
            if key in line and self._stands(wanted, number)
        ]
        return min(found, key=lambda number: abs(number - near)) if found else None

    def _without_overlaps(self, anchors: list[Anchor]) -> list[Anchor]:
        """Where an edit pushed results onto the same lines: fresh ones stay, then later runs."""
        kept: list[Anchor] = []
        for anchor in sorted(anchors, key=lambda each: (each.is_stale, -each.record.queued)):
            if all(anchor.end <= other.start or anchor.start >= other.end for other in kept):
                kept.append(anchor)
            else:
                self._delete(anchor)
        return sorted(kept, key=lambda each: each.start)

    def validate(self) -> None:
        """Assert that anchors are ordered, apart, and inside the document."""
        last = 0
        for anchor in self.anchors:
            assert last <= anchor.start < anchor.end <= max(len(self.lines), 1), (
                f"an anchor at {anchor.start}–{anchor.end} of {len(self.lines)} lines after {last}"
            )
            last = anchor.end
            if not anchor.is_stale:
                assert self._fits(anchor), "a fresh result beside another text"


class _Around:
    """What an edit has left of the lines that it was made in.

    The head is what stood before it on its first line, the tail what stood behind it on its last.
    A line of which either says something is still that line.
    """

    def __init__(self, edit: Edit, lines: list[str]) -> None:
        self.first, self.last = edit.start[0], edit.end[0]
        added = edit.text.count("\n")
        self.written = self.first + added
        """The last line that the edit has written."""
        head = lines[self.first][: edit.start[1]]
        before = len(edit.text) - (edit.text.rfind("\n") + 1) + (0 if added else len(head))
        self.has_head = bool(head.strip())
        self.has_tail = bool(lines[self.written][before:].strip())
        self.has_text = bool(edit.text.strip())

    def after(self, line: int) -> int | None:
        """Where a line is after the edit; None for one that was deleted."""
        if line < self.first or (line == self.first and self.has_head):
            return line
        if line > self.last or (line == self.last and self.has_tail):
            return line + self.written - self.last
        return None

    def new_lines(self) -> tuple[int, int] | None:
        """The lines, end exclusive, that are new and not others' that were edited."""
        start = self.first + self.has_head
        end = self.written + (not self.has_tail)
        return (start, end) if start < end and self.has_text else None


def _moved(lines: tuple[int, int], edit: Edit, delta: int) -> tuple[int, int]:
    """Where some lines are after an edit."""
    start, end = lines
    return (
        start + delta if start > edit.end[0] else start,
        max(end + delta if end > edit.end[0] else end, min(start, edit.start[0]) + 1),
    )


def _same(lines: list[str], wanted: list[str]) -> bool:
    """Whether two texts say the same; white space at line ends and a common indent is nothing."""
    if len(lines) != len(wanted):
        return False
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    own = len(wanted[0]) - len(wanted[0].lstrip()) if wanted else 0
    cut = max(0, indent - own)
    return all(
        (a[cut:] if not a[:cut].strip() else a).rstrip() == b.rstrip()
        for a, b in zip(lines, wanted, strict=True)
    )
