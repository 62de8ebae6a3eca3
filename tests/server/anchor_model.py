"""A simple model of a document with results: every line has an identity, kept as long as it lives.

The real text and anchors follow the same operations, as the server applies them; after each one
the model says what must hold. An operation is a name and four numbers, so that hypothesis can draw
and shrink it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vivo.parallel.messages import RunRecord
from vivo.server.anchors import Anchor, Anchors
from vivo.server.cells import cells_of
from vivo.server.text import DocumentText

Operation = tuple[str, int, int, int, int]
OPERATIONS = (
    "run", "run", "type", "erase", "insert", "delete", "change", "replace", "move", "cut", "paste",
    "copy", "undo", "redo", "whole", "several", "split", "join", "swap",
)  # fmt: skip
Place = tuple[int, int]
Change = tuple[Place, Place, str]


@dataclass
class Line:
    identity: frozenset[int]
    """Of what it is made: a line joined from two is both."""
    text: str


@dataclass
class Run:
    record: RunRecord
    lines: list[frozenset[int]]
    texts: list[str]
    born: int
    """The newest identity when it ran."""
    is_taken: bool = False
    """Whether a later run took some of its lines."""

    @property
    def own(self) -> frozenset[int]:
        return frozenset().union(*self.lines)


@dataclass
class Model:
    """The document, its results, and what is known of them."""

    is_unique: bool
    """Whether no two lines say the same; else identities are less strict."""
    lines: list[Line] = field(default_factory=list)
    count: int = 0
    runs: dict[str, Run] = field(default_factory=dict)
    undo: list[list[Change]] = field(default_factory=list)
    redo: list[list[Change]] = field(default_factory=list)
    clipboard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = [self._line(self._words(number)) for number in range(12)]
        self.text = DocumentText("\n".join(line.text for line in self.lines))
        self.anchors = Anchors(self.text.lines)

    def _line(self, text: str) -> Line:
        self.count += 1
        return Line(frozenset([self.count]), text)

    def _words(self, number: int) -> str:
        if self.is_unique:
            return f"v{self.count + 1} = {number}"
        return ("x = 1", "y", "", "    z", "# %%", "print(x)", "x = 1")[number % 7]

    # --- Operations ------------------------------------------------------------------------

    def apply(self, operation: Operation) -> None:
        """Do one operation and check all that must hold."""
        name, *numbers = operation
        getattr(self, f"_{name}")(*numbers)
        self.check()

    def _run(self, a: int, b: int, c: int, d: int) -> None:
        start = a % len(self.lines)
        end = min(start + 1 + b % 3, len(self.lines))
        texts = [line.text for line in self.lines[start:end]]
        if not texts[0].strip() or not texts[-1].strip():
            return
        name = f"run{len(self.runs)}"
        record = RunRecord(
            id=name, source="\n".join(texts), status="ok", first_line=start + 1, queued=self.count
        )
        mine = frozenset().union(*(line.identity for line in self.lines[start:end]))
        for run in list(self.runs.values()):
            if mine & run.own:
                run.is_taken = True
        self.anchors.place(record, start, end)
        self.runs[name] = Run(
            record, [x.identity for x in self.lines[start:end]], texts, self.count
        )

    def _type(self, a: int, b: int, c: int, d: int) -> None:
        line = a % len(self.lines)
        place = (line, b % (len(self.lines[line].text) + 1))
        self._notify([(place, place, "ab_"[c % 3])])

    def _erase(self, a: int, b: int, c: int, d: int) -> None:
        line = a % len(self.lines)
        start = b % (len(self.lines[line].text) + 1)
        end = min(start + 1 + c % 3, len(self.lines[line].text))
        self._notify([((line, start), (line, end), "")])

    def _insert(self, a: int, b: int, c: int, d: int) -> None:
        place = (a % len(self.lines), 0)
        text = "".join(f"{self._fresh(c + n)}\n" for n in range(1 + b % 3))
        self._notify([(place, place, text)])

    def _fresh(self, number: int) -> str:
        self.count += 1
        return self._words(number)

    def _block(self, a: int, b: int) -> tuple[int, int]:
        """Some whole lines that have a line after them; none in a document of one line."""
        last = len(self.lines) - 1
        start = a % (last + 1)
        return min(start, last), min(start + 1 + b % 3, last)

    def _delete(self, a: int, b: int, c: int, d: int) -> None:
        start, end = self._block(a, b)
        self._notify([((start, 0), (end, 0), "")])

    def _change(self, a: int, b: int, c: int, d: int) -> None:
        """Any range becomes any text."""
        self._notify([self._any(a, b, c, d)])

    def _any(self, a: int, b: int, c: int, d: int) -> Change:
        first = a % len(self.lines)
        last = min(first + c % 3, len(self.lines) - 1)
        start = b % (len(self.lines[first].text) + 1)
        end = d % (len(self.lines[last].text) + 1)
        if last == first:
            start, end = min(start, end), max(start, end)
        text = ("", "q", "\n", f"{self._fresh(a)}\n{self._fresh(b)}", f"\n{self._fresh(c)}")
        return (first, start), (last, end), text[(a + b + c + d) % 5]

    def _replace(self, a: int, b: int, c: int, d: int) -> None:
        """Whole lines are written anew, some of them as they were: a formatter's edit."""
        start, end = self._block(a, b)
        texts = [x.text if (c >> n) % 2 else self._fresh(d + n)
                 for n, x in enumerate(self.lines[start:end])]  # fmt: skip
        if d % 3 == 0:
            texts.append(self._fresh(d))
        text = "".join(f"{line}\n" for line in texts)
        if text:
            self._notify([((start, 0), (end, 0), text)])

    def _move(self, a: int, b: int, c: int, d: int) -> None:
        """Some lines go elsewhere, in one notification of two changes, in either order."""
        start, end = self._block(a, b)
        to = c % len(self.lines)
        if start <= to <= end or start == end:
            return
        text = "".join(f"{line.text}\n" for line in self.lines[start:end])
        taken, size = ((start, 0), (end, 0), ""), end - start
        if d % 2:
            shift = size if to < start else 0
            put = ((to, 0), (to, 0), text)
            self._notify([put, ((start + shift, 0), (end + shift, 0), "")])
        else:
            place = (to - (size if to > start else 0), 0)
            self._notify([taken, (place, place, text)])

    def _cut(self, a: int, b: int, c: int, d: int) -> None:
        start, end = self._block(a, b)
        self.clipboard = [line.text for line in self.lines[start:end]]
        self._notify([((start, 0), (end, 0), "")])

    def _copy(self, a: int, b: int, c: int, d: int) -> None:
        if not self.is_unique:
            start, end = self._block(a, b)
            self.clipboard = [line.text for line in self.lines[start:end]]

    def _paste(self, a: int, b: int, c: int, d: int) -> None:
        place = (a % len(self.lines), 0)
        if self.clipboard:
            text = "".join(f"{line}\n" for line in self.clipboard)
            if self.is_unique:
                self.clipboard = []
            self._notify([(place, place, text)])

    def _split(self, a: int, b: int, c: int, d: int) -> None:
        line = a % len(self.lines)
        place = (line, b % (len(self.lines[line].text) + 1))
        self._notify([(place, place, "\n")])

    def _join(self, a: int, b: int, c: int, d: int) -> None:
        if len(self.lines) > 1:
            line = a % (len(self.lines) - 1)
            self._notify([((line, len(self.lines[line].text)), (line + 1, 0), "")])

    def _swap(self, a: int, b: int, c: int, d: int) -> None:
        """An editor's move of a line down by one."""
        if len(self.lines) > 2:
            line = a % (len(self.lines) - 2)
            text = f"{self.lines[line].text}\n"
            self._notify([((line + 2, 0), (line + 2, 0), text), ((line, 0), (line + 1, 0), "")])

    def _several(self, a: int, b: int, c: int, d: int) -> None:
        """Several changes in one notification: each is in the text after the one before."""
        taken = []
        for number in range(1 + d % 3):
            change = self._any(a + number, b, c, d + number)
            taken.append(self._edit(change))
            self._apply(change)
        self._settle(taken)

    def _whole(self, a: int, b: int, c: int, d: int) -> None:
        """The whole text comes anew, with some lines changed, moved, gone."""
        new = list(self.lines)
        for number in range(1 + d % 3):
            at = (a + number * 5) % max(1, len(new))
            what = (b + number) % 4
            if what == 0 and len(new) > 1:
                del new[at]
            elif what == 1:
                new.insert(at, self._line(self._words(c)))
            elif what == 2:
                new[at] = self._line(self._words(c))
            elif len(new) > 1:
                new.insert((at + c) % len(new), new.pop(at))
        # Where edits have made lines that say the same, no text tells which of them is which.
        said = [line.text for line in self.lines if line.text.strip()]
        is_clear = self.is_unique and len(set(said)) == len(said)
        if not is_clear:
            new = [self._line(line.text) for line in new]
        for edit in self.text.replacing("\n".join(line.text for line in new)):
            done = self.text.edit(edit.start, edit.end, edit.text)
            self.anchors.follow(done, self.text.lines)
        self.anchors.settle()
        before, self.lines = self.lines, new
        if not is_clear:
            known = frozenset().union(*(line.identity for line in before))
            for run in self.runs.values():
                run.lines = [each - known for each in run.lines]
        self.undo.clear()
        self.redo.clear()

    def _undo(self, a: int, b: int, c: int, d: int) -> None:
        if self.undo:
            changes = self.undo.pop()
            self._settle([self._apply_back(change) for change in reversed(changes)], "redo")

    def _redo(self, a: int, b: int, c: int, d: int) -> None:
        if self.redo:
            changes = self.redo.pop()
            self._settle([self._apply_back(change) for change in reversed(changes)], "undo")

    def _apply_back(self, change: Change) -> Change:
        inverse = self._edit(change)
        self._apply(change)
        return inverse

    # --- Edits -----------------------------------------------------------------------------

    def _notify(self, changes: list[Change]) -> None:
        taken = []
        for change in changes:
            taken.append(self._edit(change))
            self._apply(change)
        self._settle(taken)

    def _settle(self, inverse: list[Change], kept_as: str = "new") -> None:
        self.anchors.settle()
        if kept_as == "redo":
            self.redo.append(inverse)
            return
        self.undo.append(inverse)
        if kept_as == "new":
            self.redo.clear()

    def _edit(self, change: Change) -> Change:
        """The change that takes back another; to be asked for before it is applied."""
        start, end, text = change
        parts = text.split("\n")
        column = len(parts[-1]) + (start[1] if len(parts) == 1 else 0)
        old = [line.text for line in self.lines[start[0] : end[0] + 1]]
        old[-1] = old[-1][: end[1]]
        old[0] = old[0][start[1] :]
        return start, (start[0] + len(parts) - 1, column), "\n".join(old)

    def _apply(self, change: Change) -> None:
        (first, from_), (last, to), text = change
        for edit in self.text.edits_for((first, from_), (last, to), text):
            done = self.text.edit(edit.start, edit.end, edit.text)
            self.anchors.follow(done, self.text.lines)
        head, tail = self.lines[first].text[:from_], self.lines[last].text[to:]
        old_first, old_last = self.lines[first], self.lines[last]
        new = [self._line(part) for part in f"{head}{text}{tail}".split("\n")]
        if tail.strip():
            new[-1].identity = old_last.identity
        if head.strip():
            both = new[0].identity if tail.strip() and len(new) == 1 else frozenset()
            new[0].identity = old_first.identity | both
        self.lines[first : last + 1] = new

    # --- What must hold --------------------------------------------------------------------

    def check(self) -> None:
        texts = [line.text for line in self.lines]
        assert self.text.lines == texts
        assert self.text.source == "\n".join(texts)
        assert self.text.cells.marked() == cells_of(texts)
        self.anchors.validate()
        for anchor in self.anchors.anchors:
            if not anchor.is_stale:
                self._check_fresh(anchor)
        for run in self.runs.values():
            self._check_there(run)

    def _check_fresh(self, anchor: Anchor) -> None:
        """A fresh result stands on its statement, or where that was written since."""
        run = self.runs[anchor.record.id]
        here = self.lines[anchor.start : anchor.end]
        assert [x.text.strip() for x in here] == [text.strip() for text in run.texts]
        own = [bool(x.identity & run.own) or max(x.identity) > run.born for x in here]
        assert all(own) if self.is_unique else any(own), f"{run.record.id} is on another statement"

    def _check_there(self, run: Run) -> None:
        """A statement that stands as it ran has its result, fresh; one that is left, a result."""
        where = [n for n, line in enumerate(self.lines) if line.identity & run.own]
        if not where or run.is_taken:
            return
        found = [each for each in self.anchors.anchors if each.record.id == run.record.id]
        is_whole = [self.lines[n].identity for n in where] == run.lines
        is_whole = is_whole and where == list(range(where[0], where[0] + len(where)))
        if is_whole and [self.lines[n].text for n in where] == run.texts:
            assert found, f"{run.record.id} has lost its result"
            assert not found[0].is_stale, f"{run.record.id} is as it ran, and its result stale"
            if self.is_unique:
                assert found[0].start == where[0]
