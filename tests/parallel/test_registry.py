"""Which sessions there are, and what is believed of the files that say so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vivo.parallel.directories import private, runtime_folder, socket_folder, write_private
from vivo.parallel.errors import SessionError
from vivo.parallel.processes import boot_id, process_started
from vivo.parallel.registry import Registry, SessionEntry, liveness


def entry(session: str, pid: int, **changes: Any) -> SessionEntry:
    """An entry of a keeper that is this process id."""
    fields: dict[str, Any] = {
        "id": session, "name": "n", "owner": os.getuid(), "host": socket.gethostname(),
        "boot": boot_id(), "keeper_pid": pid, "keeper_started": process_started(pid) or 0.0,
        "python": "p", "cwd": "/", "workspace": None, "created": 1.0,
        "connection_file": str(socket_folder(session) / "connection.json"), "journal": "",
    }  # fmt: skip
    return SessionEntry(**(fields | changes))


def test_a_process_that_ended_is_no_process_reaped_or_not(home: Path) -> None:
    """A zombie keeps its id and its start time, and keeps no session."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    made = entry("abc", process.pid)
    assert liveness(made) == "live"
    assert process.stdin is not None
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and not reaped
    assert liveness(made) == "stale"
    process.wait()
    assert liveness(made) == "stale"


def test_the_name_of_a_process_confuses_nobody(home: Path) -> None:
    """It may hold spaces and parentheses."""
    code = "import sys; open('/proc/self/comm', 'w').write('a) Z 1 (b'); print(flush=True); input()"
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    with process, process.stdin, process.stdout:
        before = process_started(process.pid)
        process.stdout.readline()
        assert process_started(process.pid) == before is not None


def test_what_a_dead_session_leaves_is_tidied_up(home: Path) -> None:
    """Its entry and its sockets, and nothing that the entry merely points at."""
    registry = Registry()
    registry.add(entry("dead", os.getpid(), keeper_started=1.0))
    (socket_folder("dead") / "s-1").touch()
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    connection = str(elsewhere / "connection.json")
    registry.add(entry("liar", os.getpid(), keeper_started=1.0, connection_file=connection))
    registry.add(entry("live", os.getpid()))
    registry.add(entry("away", os.getpid(), host="another"))
    assert {each.id for each in registry.prune()} == {"dead", "liar"}
    assert {each.id for each in registry.listing().entries} == {"live", "away"}
    assert not (runtime_folder() / "dead").exists()
    assert elsewhere.is_dir()


def test_the_runtime_folder_is_never_anothers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without XDG_RUNTIME_DIR it stands where anybody may write."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(home))
    folder = runtime_folder()
    assert folder == home / f"vivo-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(SessionError, match="belongs to another user: remove it"):
        private(folder)


def test_a_folder_that_cannot_be_made_is_one_sentence(home: Path) -> None:
    """A file stands in the way."""
    (home / "file").touch()
    with pytest.raises(SessionError, match=r"cannot be made .*: check its permissions"):
        private(home / "file" / "folder")


def test_a_file_is_written_whole_or_not_at_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure leaves the old one, and no litter."""
    path = home / "entry.json"
    write_private(path, b"old")
    with monkeypatch.context() as patch:

        def fails(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(Path, "replace", fails)
        with pytest.raises(OSError, match="No space"):
            write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in home.iterdir() if each.is_file()] == ["entry.json"]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_entry_is_passed_over_and_hides_no_other(home: Path, data: st.DataObject) -> None:
    """Whatever bytes of it are changed, cut or put in."""
    registry = Registry(private(home / "registry"))
    registry.add(entry("whole", os.getpid()))
    text = bytearray(msgspec.json.encode(entry("hurt", os.getpid())))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    write_private(registry.path("hurt"), bytes(text))
    assert "whole" in [each.id for each in registry.listing().entries]
    assert registry.get("whole") is not None


def test_an_entry_speaks_of_its_own_session_alone(home: Path) -> None:
    """An id is a name of files: one that leads elsewhere is none."""
    registry = Registry()
    for name in ("../elsewhere", "another"):
        write_private(registry.path("made"), msgspec.json.encode(entry(name, os.getpid())))
        assert registry.listing().entries == []
        assert registry.listing().unreadable == [registry.path("made")]
