"""Results anchored to the text of a document. Pure: an edit or a run in, positions out.

Rules, asserted by :meth:`Anchors.validate`:

1. A result stands where its text stands: lines inserted above move it.
2. When its text changes it is stale, marked and not removed; when the text is again what ran it is
   fresh again.
3. When its text is deleted it is gone; when the text turns up elsewhere in the document (a
   moved cell, a reformatted or reloaded file) it is there.
4. A new run takes the place of the results on its lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..parallel.messages import RunRecord


@dataclass
class Anchor:
    """A run's place in a document. Lines are 0-based, the end exclusive."""

    record: RunRecord
    start: int
    end: int
    text: list[str]
    """The lines that ran, as they stood in the document."""
    is_stale: bool = False

    def line_of(self, line: int) -> int:
        """Where a 1-based line of the file as it ran is now."""
        offset = max(0, line - self.record.first_line)
        return min(self.start + offset, max(self.start, self.end - 1))


@dataclass(frozen=True)
class Edit:
    """A change: lines ``start`` to ``end`` (with columns) are replaced by ``text``."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass
class Anchors:
    """The results of one document."""

    lines: list[str]
    anchors: list[Anchor] = field(default_factory=list)

    def place(self, record: RunRecord, start: int, end: int) -> None:
        """A run of lines that are known: its result replaces what stands there (rule 4)."""
        self.anchors = [
            anchor
            for anchor in self.anchors
            if anchor.record.id != record.id and (anchor.end <= start or anchor.start >= end)
        ]
        self.anchors.append(Anchor(record, start, end, self.lines[start:end]))
        self.anchors.sort(key=lambda each: each.start)
        self.validate()

    def update(self, record: RunRecord) -> None:
        """The newer state of a run that is placed."""
        for anchor in self.anchors:
            if anchor.record.id == record.id:
                anchor.record = record

    def adopt(self, record: RunRecord) -> bool:
        """Place a run of an earlier server by its text; whether the text was found."""
        start = self._find(record.source.split("\n"), record.first_line - 1)
        if start is None:
            return False
        self.place(record, start, start + len(record.source.split("\n")))
        return True

    def edit(self, edit: Edit, lines: list[str]) -> None:
        """Follow a change; ``lines`` is the document after it."""
        self.lines = lines
        removed = edit.end[0] - edit.start[0]
        added = edit.text.count("\n")
        kept: list[Anchor] = []
        for anchor in self.anchors:
            if self._move(anchor, edit, added - removed):
                kept.append(anchor)
        self.anchors = sorted(_without_overlaps(kept), key=lambda each: each.start)
        self.validate()

    def replace(self, lines: list[str]) -> None:
        """The whole text was replaced: what differs is the edit, between the lines that agree."""
        old = self.lines
        limit = min(len(old), len(lines))
        first = 0
        while first < limit and old[first] == lines[first]:
            first += 1
        same = 0
        while same < limit - first and old[-1 - same] == lines[-1 - same]:
            same += 1
        changed = lines[first : len(lines) - same]
        if same:
            text = "".join(f"{line}\n" for line in changed)
            edit = Edit((first, 0), (len(old) - same, 0), text)
        else:
            last = max(0, len(old) - 1)
            end = (last, len(old[last]) if old else 0)
            edit = Edit((min(first, last), 0), end, "\n".join(lines[min(first, last) :]))
        self.edit(edit, lines)

    def clear(self) -> None:
        """Forget all results."""
        self.anchors.clear()

    def at(self, line: int) -> Anchor | None:
        """The result whose lines hold a line."""
        return next((each for each in self.anchors if each.start <= line < each.end), None)

    def _move(self, anchor: Anchor, edit: Edit, delta: int) -> bool:
        """Move an anchor by an edit; whether it is still there."""
        if edit.end[0] < anchor.start or edit.end == (anchor.start, 0):
            if edit.end[0] < anchor.start or edit.text.endswith("\n") or not edit.text:
                before = edit.start[0] < anchor.start or edit.start[1] == 0
                if before:
                    anchor.start += delta
                    anchor.end += delta
                    return self._settle(anchor)
        elif edit.start[0] >= anchor.end:
            return True
        covers = edit.start <= (anchor.start, 0) and edit.end[0] >= anchor.end - 1
        wanted = anchor.text
        found = self._find(wanted, anchor.start)
        if found is not None and (covers or not self._taken(found, anchor)):
            anchor.start, anchor.end, anchor.is_stale = found, found + len(wanted), False
            return True
        if covers and not edit.text.strip():
            return False
        start = min(anchor.start, edit.start[0])
        if edit.start[0] < anchor.start:
            start = min(edit.start[0] + edit.text.count("\n"), len(self.lines) - 1)
        anchor.start = start
        anchor.end = min(max(anchor.end + delta, start + 1), len(self.lines))
        return self._settle(anchor)

    def _settle(self, anchor: Anchor) -> bool:
        if anchor.start >= len(self.lines) or anchor.start < 0 or anchor.end <= anchor.start:
            return False
        anchor.end = min(anchor.end, len(self.lines))
        anchor.is_stale = not self._fits(anchor)
        return True

    def _taken(self, start: int, but: Anchor) -> bool:
        """Whether another anchor stands at a line with the same text."""
        return any(
            other is not but and other.start == start and other.record.source == but.record.source
            for other in self.anchors
        )

    def _fits(self, anchor: Anchor) -> bool:
        return _same(self.lines[anchor.start : anchor.end], anchor.text)

    def _find(self, wanted: list[str], near: int) -> int | None:
        """The line where a text stands, the nearest to ``near``; None if it does not."""
        if not any(line.strip() for line in wanted):
            return None
        key = wanted[0].rstrip()
        found = [
            number
            for number, line in enumerate(self.lines)
            if line.rstrip() == key and _same(self.lines[number : number + len(wanted)], wanted)
        ]
        return min(found, key=lambda number: abs(number - near)) if found else None

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


def _without_overlaps(anchors: list[Anchor]) -> list[Anchor]:
    """Where edits pushed two results onto the same lines, the later run stays."""
    kept: list[Anchor] = []
    for anchor in sorted(anchors, key=lambda each: -each.record.queued):
        if all(anchor.end <= other.start or anchor.start >= other.end for other in kept):
            kept.append(anchor)
    return kept
