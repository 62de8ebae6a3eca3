"""Buffers in shared memory: whole, private, the user's alone, and gone in the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from vivo.parallel import sharing


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A memory file system of the test's own."""
    monkeypatch.setattr(sharing, "_BASE", tmp_path)
    return tmp_path


def test_a_large_buffer_is_what_it_was_and_its_file_is_gone() -> None:
    """The small ones travel as they always do."""
    large = os.urandom(3000)
    left, shared = sharing.share([b"small", large, b""], "s1", smallest=1000)
    assert left == [b"small", b"", b""]
    taken = sharing.take(left, shared)
    assert [bytes(each) for each in taken] == [b"small", large, b""]
    found = sharing.folder()
    assert found is not None
    assert not list(found.iterdir())


def test_what_is_taken_may_be_written_to_and_nobody_sees_it() -> None:
    """A file that is kept stays what it was."""
    _, shared = sharing.share([b"x" * 2000], "s1", smallest=1000)
    first = sharing.take([b""], shared, keep=True)[0]
    first[0:1] = b"y"
    assert bytes(sharing.take([b""], shared)[0]) == b"x" * 2000


def test_the_folder_and_its_files_are_the_users_alone() -> None:
    """Whatever the umask."""
    kept = os.umask(0)
    try:
        sharing.share([b"x" * 2000], "s1", smallest=1000)
    finally:
        os.umask(kept)
    found = sharing.folder()
    assert found is not None
    assert found.stat().st_mode & 0o777 == 0o700
    assert [each.stat().st_mode & 0o777 for each in found.iterdir()] == [0o600]


def test_a_folder_that_others_can_read_is_not_used(base: Path) -> None:
    """Somebody may have made it first."""
    (base / f"vivo-{os.getuid()}").mkdir()
    (base / f"vivo-{os.getuid()}").chmod(0o755)
    assert sharing.folder() is None
    assert sharing.share([b"x" * 2000], "s1", smallest=1000) == ([b"x" * 2000], [])


@pytest.mark.parametrize(
    "told",
    [
        [0, "../../etc/passwd", 10],
        [0, "/etc/passwd", 10],
        [0, f"s1-{'0' * 32}", 10],
        [0, 5, 10],
        [7, f"s1-{'0' * 32}", 10],
        [0, f"s1-{'0' * 32}"],
        "nonsense",
    ],
)
def test_what_is_no_shared_buffer_is_refused(told: list[object]) -> None:
    """Whatever a peer names."""
    with pytest.raises(sharing.SharingError):
        sharing.take([b""], [told])


def test_a_pipe_a_link_or_another_length_in_its_place_is_refused() -> None:
    """And nobody waits for it."""
    _, shared = sharing.share([b"x" * 2000], "s1", smallest=1000)
    with pytest.raises(sharing.SharingError):
        sharing.take([b""], [[0, shared[0][1], 1999]])
    found = sharing.folder()
    assert found is not None
    path = found / shared[0][1]
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(sharing.SharingError):
        sharing.take([b""], shared)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(sharing.SharingError):
        sharing.take([b""], shared)


def test_a_sessions_end_removes_what_is_left_of_it() -> None:
    """And of no other."""
    sharing.share([b"x" * 2000], "s1", smallest=1000)
    _, kept = sharing.share([b"y" * 2000], "s2", smallest=1000)
    sharing.drop_all("s1")
    found = sharing.folder()
    assert found is not None
    assert [each.name for each in found.iterdir()] == [kept[0][1]]
