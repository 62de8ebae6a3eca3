"""What a keeper keeps of each run, once all that it remembers on purpose is full."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest
from vivo.parallel.frames import Ordering
from vivo.parallel.journal import Journal
from vivo.parallel.keeper.checkpoints import Checkpoints, load
from vivo.parallel.keeper.instructions import Instruction, Publish
from vivo.parallel.keeper.parts import Run
from vivo.parallel.keeper.state import SessionState
from vivo.parallel.messages import RunRecord
from vivo.parallel.wire import Codec

from ..core.allocating import allocated, needs_its_allocator

MAGIC = bytes(range(16))
SOURCE = f"print('said')  # {'a long remark ' * 300}"
REMEMBERED, PLACES = 200, 20
WARM, MORE = 600, 1_000


class Keeping:
    """A keeper without its sockets: the machine, the codec, the journal and its checkpoints."""

    def __init__(self, folder: Path) -> None:
        self.state = SessionState("s", "python", "/", magic=MAGIC, foreign=False)
        self.state.runs._maximum = REMEMBERED
        self.codec = Codec(b"key", session="s", is_asked=True)
        self.client = Codec(b"key", session="c")
        self.journal = Journal(folder, segment_bytes=2**20)
        self.checkpoints = Checkpoints(self.journal)
        self.do(self.state.engine_frame({"type": "ready", "pid": 1, "python_version": "3"}, 0.0))

    def do(self, instructions: list[Instruction]) -> None:
        """Journal what is published."""
        for each in instructions:
            if isinstance(each, Publish):
                parent, told = each.parent, each.metadata
                parts = self.codec.parts(each.kind, each.content, parent=parent, metadata=told)
                assert self.journal.append(parts) == each.seq
        self.checkpoints.keep(self.state)

    def run(self, number: int, now: float) -> None:
        """A cell that prints and shows a value, or fails."""
        state = self.state
        content = {"code": SOURCE, "silent": False}
        told = {"vivo": {"client": "editor", "uri": "file:///cells.py", "values": "all"}}
        frames = self.client.encode("execute_request", content, metadata=told, identities=[b"c"])
        self.do(state.client_message("shell", self.codec.decode(frames), now))
        assert state.running is not None
        run = state.running.record.id
        value = {"first_line": 1, "last_line": 1, "data": {"text/plain": f"value {number}"}}
        done = {
            "type": "done", "run": run, "n": number, "status": "ok", "values": [value],
            "payload": [], "user_expressions": {},
        }  # fmt: skip
        if number % 5 == 0:
            report = {"name": "E", "message": "m", "frames": []}
            error = {"ename": "E", "evalue": "m", "traceback": [], "report": report}
            done |= {"status": "error", "error": error}
        marker = Ordering.marker(MAGIC, number)
        self.do(state.output(run, "stdout", b"said\n" + marker, now))
        self.do(state.output(run, "stderr", marker, now))
        self.do(state.engine_frame(done, now))
        for name in ("stdout", "stderr"):
            self.do(state.output(run, name, b"", now))
        assert state.running is None


@needs_its_allocator
def test_a_run_that_is_forgotten_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal grows on the disk alone."""
    monkeypatch.setattr("vivo.parallel.journal._PLACES", PLACES)
    keeping = Keeping(tmp_path)
    for number in range(1, WARM):
        keeping.run(number, float(number))
    bytes_before, objects_before = allocated()
    for number in range(WARM, WARM + MORE):
        keeping.run(number, float(number))
    bytes_after, objects_after = allocated()
    keeping.journal.close()
    assert len(keeping.state.runs) == len(keeping.state.parents) == REMEMBERED
    assert keeping.journal.segments > 4
    assert (objects_after - objects_before) / MORE < 0.1
    assert (bytes_after - bytes_before) / MORE < 8


def test_of_a_run_that_has_just_ended_its_record_alone_is_kept(tmp_path: Path) -> None:
    """Though its input may still have to be put into the history: not what was sent with it."""
    keeping = Keeping(tmp_path)
    for number in range(1, 20):
        keeping.run(number, 1.0)
    keeping.journal.close()
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, Run)] == []


def test_a_checkpoint_is_never_whole_in_memory(tmp_path: Path) -> None:
    """What its making needed the allocator would keep, in each session that ran much."""
    keeping = Keeping(tmp_path)
    keeping.state.runs._maximum = runs = 5_000
    for number in range(runs):
        record = RunRecord(id=f"{number:032x}", source="x" * 2_000, status="ok")
        keeping.state.runs.put(record)
    while keeping.journal.segments < 2:
        keeping.journal.append([b"x" * 2**20])
    tracemalloc.start()
    keeping.checkpoints.keep(keeping.state)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    keeping.journal.close()
    written = load(tmp_path, keeping.journal.last)
    assert written.runs == keeping.state.runs.all()
    assert most < 2**20
