"""Large buffers that go to engines of other hosts in parts."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy
import pytest
from vivo.parallel import sharing, spares
from vivo.parallel.cluster import calls
from vivo.parallel.cluster.errors import CallAbortedError, RemoteError
from vivo.parallel.cluster.views import DirectView
from vivo.parallel.keeper import uploads
from vivo.parallel.keeper.instructions import Reply, Store

from .engines import sessions, view_of

SIZE, PART = 1000, 300
DATA = random.Random(1).randbytes(SIZE)
NAME = "5e" * 16


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[uploads.Uploads]:
    """A session's uploads, in a memory file system of the test's own."""
    monkeypatch.setattr(sharing, "_BASE", tmp_path)
    yield uploads.Uploads("s1")
    sharing.drop_all("s1")
    sharing.forget_spares()


def part(offset: int, *, upload: str = NAME, size: int = SIZE) -> Store:
    reply = Reply("shell", [], "vivo_part_reply", b"{}", {"status": "ok"})
    return Store(reply, upload, size, offset, DATA[offset : offset + PART])


def sent(store: uploads.Uploads, *offsets: int, **more: Any) -> list[str]:
    return [store.store(part(offset, **more)).content["status"] for offset in offsets]


def taken(size: int = SIZE, upload: str = NAME) -> bytes:
    [found] = sharing.take([b""], [[0, uploads.name_of("s1", upload), size]])
    return bytes(found)


def files() -> list[str]:
    folder = sharing.folder()
    assert folder is not None
    return sorted(each.name for each in folder.glob("s1-*"))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_buffer_is_there_once_all_its_parts_are(store: uploads.Uploads) -> None:
    """And not before; whoever takes it leaves nothing behind."""
    assert sent(store, 0, 300, 600) == ["ok"] * 3
    with pytest.raises(sharing.SharingError):
        taken()
    assert sent(store, 900) == ["ok"]
    assert taken() == DATA
    assert files() == []


def test_parts_that_come_again_are_answered_and_one_that_is_missing_is_seen(
    store: uploads.Uploads,
) -> None:
    """As after links that were cut; what is refused gives its room back."""
    assert sent(store, 0, 300, 0, 300, 600, 900, 900, 0) == ["ok"] * 8
    assert taken() == DATA
    before = descriptors()
    assert sent(store, 0, 600, upload="ab" * 16) == ["ok", "error"]
    assert sent(store, 300, upload="cd" * 16) == ["error"]
    assert sent(store, 0, size=2, upload="ef" * 16) == ["error"]
    assert files() == []
    assert descriptors() == before


def test_what_is_no_name_and_what_finds_no_room_is_refused(
    store: uploads.Uploads, tmp_path: Path
) -> None:
    """The client sends it with its call then."""
    assert sent(store, 0, upload="../../etc/passwd") == ["error"]
    (tmp_path / f"vivo-{os.getuid()}").chmod(0o755)
    told = store.store(part(0))
    (tmp_path / f"vivo-{os.getuid()}").chmod(0o700)
    assert told.content["ename"] == "SharingError"
    assert files() == []


def test_few_are_kept_that_nobody_takes(store: uploads.Uploads) -> None:
    """Whole ones and such as never will be; the oldest go first."""
    before = descriptors()
    for number in range(100):
        sent(store, 0, upload=f"{number:032x}")
    assert descriptors() - before == len(files()) == 8
    for number in range(100, 200):
        sent(store, 0, 300, 600, 900, upload=f"{number:032x}")
    whole = [each for each in files() if not each.endswith(".part")]
    assert len(whole) == 64
    assert taken(upload=f"{199:032x}") == DATA
    store.discard([each.removesuffix(".part") for each in files()])
    assert files() == []
    assert descriptors() == before


def test_what_its_client_gives_up_gives_its_room_back(store: uploads.Uploads) -> None:
    """Whole or not."""
    before = descriptors()
    sent(store, 0, 300)
    sent(store, 0, 300, 600, 900, upload="ab" * 16)
    for name in (NAME, "ab" * 16, "cd" * 16):
        last = msgspec.structs.replace(part(0, upload=name), data=b"", is_given_up=True)
        assert store.store(last).content["status"] == "ok"
    assert files() == []
    assert descriptors() == before


def test_a_file_that_is_used_again_has_the_new_parts(
    store: uploads.Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody gets it while it is filled."""
    monkeypatch.setattr(spares, "SMALLEST", 100)
    sent(store, 0, 300, 600, 900)
    assert taken() == DATA
    sent(store, 0, upload="ab" * 16)
    left, shared = sharing.share([b"x" * SIZE], "s1", smallest=10)
    assert sharing.take(left, shared)[0][:] == b"x" * SIZE
    sent(store, 300, 600, 900, upload="ab" * 16)
    assert taken(upload="ab" * 16) == DATA


# --- Through real processes ----------------------------------------------------------------


@pytest.fixture
def engine(home: Path) -> Iterator[DirectView]:
    """One engine, as if it were on another host."""
    with sessions(home, 1) as entries, view_of(entries, is_here=False) as view:
        yield view[0]


def left_of(engine: DirectView) -> list[str]:
    """Files of shared memory of its session, but for those that are kept to be used again."""
    folder, session = sharing.folder(), engine.ask("vivo_session")["id"]
    assert folder is not None
    names = [each.name for each in folder.glob(f"{session}-*")]
    return [each for each in names if not each.rpartition(".")[2].isdecimal()]


@pytest.mark.sessions
def test_a_large_array_arrives_as_it_was(engine: DirectView) -> None:
    """It may be changed there, and nothing is left of it."""
    data = numpy.arange(10_000_000)
    engine.push({"data": data})
    assert engine.pull("int(data.sum())") == data.sum()
    assert engine._links[0].calls._takes_parts
    engine.execute("data[0] = 5")
    assert engine.pull("int(data[0])") == 5
    assert left_of(engine) == []


@pytest.mark.sessions
def test_calls_come_in_their_order_behind_large_arguments(engine: DirectView) -> None:
    """Also cells."""
    data = numpy.ones(3_000_000)
    pushed = engine.apush({"data": data})
    total, cell = engine.apull("float(data.sum())"), engine.aexecute("print(len(data))")
    assert total.get(20) == 3_000_000
    cell.get(20)
    assert cell.stdout == "3000000\n"
    assert pushed.get(20) is None


@pytest.mark.sessions
def test_arguments_whose_parts_do_not_arrive_are_sent_with_their_call(
    engine: DirectView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the engine's host has no memory to share."""
    data = numpy.arange(3_000_000)
    with monkeypatch.context() as patch:
        patch.setattr(calls.Calls, "_send_parts", lambda *given: NAME)
        engine.push({"data": data})
    assert engine.pull("int(data.sum())") == data.sum()
    assert not engine._links[0].calls._takes_parts
    assert left_of(engine) == []


@pytest.mark.sessions
def test_an_interrupt_among_the_parts_leaves_none(
    engine: DirectView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the engine goes on."""
    link, signed = engine._links[0].link, []

    def encode(kind: str, *given: Any, **more: Any) -> Any:
        signed.append(kind)
        if signed.count("vivo_part_request") == 3:
            raise KeyboardInterrupt
        return original(kind, *given, **more)

    with monkeypatch.context() as patch:
        original = link.signer.encode
        patch.setattr(link.signer, "encode", encode)
        with pytest.raises(KeyboardInterrupt):
            engine.push({"data": numpy.ones(3_000_000)})
    assert engine.apply(len, "three") == 5
    assert left_of(engine) == []


@pytest.mark.sessions
def test_a_call_that_never_begins_leaves_no_parts(engine: DirectView) -> None:
    """Its engine has not taken them."""
    busy = engine.aapply(time.sleep, 60)
    call = engine.aapply(len, numpy.ones(3_000_000))
    while not left_of(engine) or left_of(engine)[0].endswith(".part"):
        time.sleep(0.01)
    call.cancel()
    busy.cancel()
    with pytest.raises(CallAbortedError):
        call.get(20)
    assert left_of(engine) == []
    with pytest.raises(RemoteError, match="KeyboardInterrupt"):
        busy.get(20)
