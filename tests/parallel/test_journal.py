"""What a journal holds after crashes, full disks and damage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.parallel.errors import JournalError
from vivo.parallel.journal import _HEAD, Event, Gap, Journal, read


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


def test_what_else_lies_in_the_folder_is_no_journal(tmp_path: Path) -> None:
    """Copies of other names, a pipe that nobody writes to, a folder, an endless device."""
    write(tmp_path, 1, 3)
    path = tmp_path / "events-0000000000000001.log"
    for name in ("events-1 (copy).log", "events-x.log", "events-99.log", "events-.log"):
        (tmp_path / name).write_bytes(path.read_bytes())
    os.mkfifo(tmp_path / "events-0000000000000004.log")
    (tmp_path / "events-0000000000000005.log").mkdir()
    (tmp_path / "events-0000000000000006.log").symlink_to("/dev/zero")
    assert told(tmp_path) == [1, 2, 3, (4, 4), (5, 5), (6, None)]
    write(tmp_path, 7, 8)
    assert told(tmp_path)[-2:] == [7, 8]


def test_events_of_another_segment_are_a_gap_and_nothing_is_overwritten(tmp_path: Path) -> None:
    """Two files whose names were exchanged: what is written next is still read."""
    write(tmp_path, 1, 4, segment_bytes=1)
    first, *_, last = sorted(tmp_path.glob("*.log"))
    data = first.read_bytes(), last.read_bytes()
    last.write_bytes(data[0])
    first.write_bytes(data[1])
    assert told(tmp_path) == [(1, 1), 2, 3, (4, None)]
    write(tmp_path, 5, 5)
    assert told(tmp_path) == [(1, 1), 2, 3, (4, 4), 5]


def test_numbers_go_on_after_a_newest_segment_that_is_empty(tmp_path: Path) -> None:
    """The power failed before anything of it was on the disk."""
    write(tmp_path, 1, 3, segment_bytes=1)
    max(tmp_path.glob("*.log")).write_bytes(b"")
    write(tmp_path, 3, 4)
    assert told(tmp_path) == [1, 2, 3, 4]


def test_a_damaged_record_that_is_full_of_marks_costs_little(tmp_path: Path) -> None:
    """Heads that are none, each of which claims all that follows: they are not all read over."""
    size = 50_000
    heads = [_HEAD.pack(b"vivo", 1, (size - at - 1) * _HEAD.size, 0, 0) for at in range(size)]
    write(tmp_path, 1, 1)
    path = tmp_path / "events-0000000000000001.log"
    path.write_bytes(path.read_bytes() + b"".join(heads))
    (event, gap) = read(tmp_path)
    assert isinstance(event, Event)
    assert isinstance(gap, Gap)
    assert gap.reason.endswith("is damaged in more places than are worth reading")


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


def test_the_writer_remembers_no_more_of_a_long_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is older than the places that it knows is read all the same."""
    monkeypatch.setattr("vivo.parallel.journal._PLACES", 20)
    journal = Journal(tmp_path, segment_bytes=2**18)
    for _ in range(3000):
        journal.append([b"x" * 1000])
        assert len(journal._index) <= 20
    for after in (0, 1, 250, 1234, 2000, 2900, 2999):
        events = list(journal.read(after))
        assert [each.seq for each in events if isinstance(each, Event)] == [*range(after + 1, 3001)]
    journal.close()


def test_no_number_is_given_twice_though_the_disk_was_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer that gave the lost ones is dead: the next one goes on after them."""
    journal = Journal(tmp_path)
    journal.append([b"one"])

    def refused(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refused)
        journal.append_all([[b"lost"]] * 3)
    journal.close()
    reports: list[str] = []
    journal = Journal(tmp_path, report=reports.append)
    assert journal.append([b"five"]) == 5
    assert [i.seq if isinstance(i, Event) else (i.first, i.last) for i in journal.read()] == [
        1, (2, 4), 5,
    ]  # fmt: skip
    assert journal.holes == 1
    journal.close()
    assert reports == []


@pytest.mark.parametrize("told", [b"", b"9" * 16, b"-000000000000001", b"x" * 100])
def test_a_lock_that_says_nonsense_changes_no_number(tmp_path: Path, told: bytes) -> None:
    """A number that nobody can have given is none."""
    (tmp_path / "lock").write_bytes(told)
    journal = Journal(tmp_path)
    assert journal.append([b"one"]) == 1
    journal.close()
