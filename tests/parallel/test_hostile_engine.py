"""User code can write into its own process's sockets: the session says so, and goes on."""

from __future__ import annotations

import pytest
from vivo.parallel.client import SessionClient

pytestmark = pytest.mark.sessions
SOCKETS = """
import json, os, struct
def sockets():
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            if os.readlink(f"/proc/self/fd/{number}").startswith("socket:"):
                yield number
        except OSError:
            pass
def send(text, count=0):
    for number in sockets():
        os.write(number, struct.pack("!II", len(text), count) + text)
"""
FRAMES = [
    *({}, {"type": None}, {"type": []}, {"type": "done"}, {"type": "done", "run": []}),
    *({"type": "stream"}, {"type": "stream", "run": "x", "name": 1, "text": 2}),
    *({"type": "ready"}, {"type": "comm"}, {"type": "comm_done"}, {"type": "input"}),
    *({"type": "input", "run": {}}, {"type": "display", "run": "x"}, {"type": "error"}),
    *({"n": "x", "run": "x", "type": "done"}, {"n": 2**70, "run": {}, "type": "done"}),
    *({"id": 1}, {"id": []}, {"type": "adopted"}, {"request": "x", "type": "reply"}),
]


async def ran(client: SessionClient, code: str) -> str:
    """How a cell ended, and what it printed."""
    execution = await client.execute(code)
    record = await execution.finished()
    text = record.status + " "
    async for event in client.events(after=0):
        if event.parent_id == execution.id:
            if event.type == "stream":
                text += event.content["text"]
            if event.content.get("execution_state") == "idle":
                break
    return text


async def test_frames_that_make_no_sense_are_passed_by(client: SessionClient) -> None:
    """Fields are missing, or are of another kind: keeper and engine go on, and answer."""
    assert await ran(client, SOCKETS) == "ok "
    code = f"for each in {FRAMES!r}: send(json.dumps(each).encode())\nprint('on')"
    assert await ran(client, code) == "ok on\n"
    assert await ran(client, "print(sum(range(5)))") == "ok 10\n"
    assert (await client.complete("prin"))["matches"] == ["print"]
    assert "Thread" in await client.stack()


@pytest.mark.parametrize(
    "code",
    [
        "send(b'[' * 300_000)", "send(b'{')", "send(b'[]')", "send(b'', 2**31)",
        "[os.write(each, os.urandom(3000) + bytes(9)) for each in sockets()]",
    ],
)  # fmt: skip
async def test_bytes_that_are_no_frames_end_the_engine_alone(
    client: SessionClient, code: str
) -> None:
    """It is said why, the session stays, and a restart helps."""
    keeper = (await client.session())["keeper_pid"]
    told = await ran(client, SOCKETS + code + "\nimport time\ntime.sleep(60)")
    assert told.startswith("error")
    assert "makes no sense" in told
    assert "a descriptor that was not its own" in told
    session = await client.session()
    assert (session["state"], session["keeper_pid"]) == ("dead", keeper)
    await client.restart()
    assert await ran(client, "print(6*7)") == "ok 42\n"
