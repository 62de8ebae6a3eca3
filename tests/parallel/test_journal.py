"""What a journal holds after crashes, full disks and damage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.parallel.errors import JournalError
from vivo.parallel.journal import Event, Gap, Journal, read


def write(folder: Path, first: int, last: int, **options: Any) -> None:
    """Append the events with these numbers, by a writer of its own."""
    journal = Journal(folder, **options)
    for number in range(first, last + 1):
        assert journal.append([b"event", str(number).encode()]) == number
    journal.close()


def told(folder: Path, after: int = 0) -> list[int | tuple[int, int | None]]:
    """Numbers of events, and pairs for gaps."""
    items = read(folder, after)
    return [item.seq if isinstance(item, Event) else (item.first, item.last) for item in items]


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """Until the first has closed, or died."""
    first = Journal(tmp_path)
    with pytest.raises(JournalError, match="being written by another process: end that session"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


@pytest.mark.parametrize("torn", [1, 20, 40])
def test_a_torn_end_is_a_gap_and_its_number_is_not_given_again(tmp_path: Path, torn: int) -> None:
    """A keeper that died while it wrote; the next one goes on after it."""
    write(tmp_path, 1, 10)
    (path,) = tmp_path.glob("*.log")
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - torn)
    assert told(tmp_path) == [*range(1, 10), (10, None)]
    write(tmp_path, 11, 12)
    assert told(tmp_path) == [*range(1, 10), (10, 10), 11, 12]


def test_a_torn_first_record_of_a_segment_spoils_nothing_after_it(tmp_path: Path) -> None:
    """The next writer does not append behind rubbish."""
    write(tmp_path, 1, 3)
    (tmp_path / "events-0000000000000004.log").write_bytes(b"vivo\0\0")
    write(tmp_path, 5, 6)
    assert told(tmp_path) == [1, 2, 3, (4, 4), 5, 6]


def test_damage_in_the_middle_costs_what_was_damaged_alone(tmp_path: Path) -> None:
    """All before and after it is read, and numbers go on after the last."""
    write(tmp_path, 1, 100)
    (path,) = tmp_path.glob("*.log")
    data = path.read_bytes()
    place = data.index(b"event50")
    path.write_bytes(data[:place] + b"EVENT" + data[place + 5 :])
    assert told(tmp_path) == [*range(1, 50), (50, 50), *range(51, 101)]
    gap = next(item for item in read(tmp_path) if isinstance(item, Gap))
    assert gap.reason.endswith("is damaged at event 50")
    write(tmp_path, 101, 101)
    assert told(tmp_path, after=99) == [100, 101]


def test_a_length_that_lies_takes_no_memory(tmp_path: Path) -> None:
    """An altered header claims terabytes."""
    write(tmp_path, 1, 3)
    (path,) = tmp_path.glob("*.log")
    data = bytearray(path.read_bytes())
    data[12:20] = (2**42).to_bytes(8, "big")
    path.write_bytes(bytes(data))
    assert told(tmp_path) == [(1, 1), 2, 3]


LIVES = st.lists(
    st.tuples(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(0, 20)), max_size=5
)


@settings(max_examples=60, deadline=None)
@given(LIVES)
def test_crash_after_crash_no_number_is_given_twice(
    tmp_path_factory: Any, lives: list[tuple[list[int], int]]
) -> None:
    """Whatever is torn off the last record: what is read is in order, and what was written."""
    folder = tmp_path_factory.mktemp("journal")
    written: dict[int, list[bytes]] = {}
    torn_off: set[int] = set()
    for sizes, torn in lives:
        journal = Journal(folder, segment_bytes=300)
        for size in sizes:
            parts = [b"vivo" * size, b"x"]
            number = journal.append(parts)
            assert number not in written
            written[number] = parts
        journal.close()
        path = max(folder.glob("*.log"))
        os.truncate(path, path.stat().st_size - torn)
        if torn:
            torn_off.add(number)
        found: dict[int, list[bytes] | None] = {}
        for item in read(folder):
            if isinstance(item, Event):
                found[item.seq] = item.parts
            else:
                found |= dict.fromkeys(range(item.first, (item.last or item.first) + 1))
        assert list(found) == list(range(1, number + 1))
        assert {n for n, parts in found.items() if parts is None} == torn_off
        assert all(parts in (None, written[n]) for n, parts in found.items())


def test_a_full_disk_leaves_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a record is taken back; a thousand failures make no thousand files."""
    reports: list[str] = []
    journal = Journal(tmp_path, report=reports.append)
    journal.append([b"one"])
    real = os.write

    def half(descriptor: int, data: Any) -> int:
        if len(data) <= 20:
            raise OSError(28, "No space left on device")
        return real(descriptor, bytes(data)[: len(data) - 20])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        for _ in range(1000):
            journal.append([b"lost"])
    journal.append([b"last"])
    assert [i.seq if isinstance(i, Event) else (i.first, i.last) for i in journal.read()] == [
        1, (2, 1001), 1002,
    ]  # fmt: skip
    journal.close()
    assert len(list(tmp_path.glob("*.log"))) == 1
    assert len(reports) == 1


def test_a_folder_that_vanished_is_told_and_the_session_goes_on(tmp_path: Path) -> None:
    """Somebody cleaned up; the next segment cannot be made."""
    reports: list[str] = []
    folder = tmp_path / "journal"
    journal = Journal(folder, segment_bytes=10, report=reports.append)
    journal.append([b"one"])
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert [journal.append([b"two"]), journal.append([b"three"])] == [2, 3]
    journal.close()
    assert len(reports) == 1


def test_the_writer_remembers_little(tmp_path: Path) -> None:
    """A place for every 64 KiB, and reads from there."""
    journal = Journal(tmp_path, segment_bytes=2**20)
    for _ in range(3000):
        journal.append([b"x" * 1000])
    assert len(journal._index) < 60
    for after in (0, 1, 1234, 2999):
        first = next(iter(journal.read(after)))
        assert isinstance(first, Event)
        assert first.seq == after + 1
    assert list(journal.read(3000)) == []
    journal.close()
