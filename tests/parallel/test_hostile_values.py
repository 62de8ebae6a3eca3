"""What is against being shown, in a real session: the engine lives, and an interrupt is heard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from vivo.parallel.client import SessionClient

HOSTILE = {
    "JSON that contains itself": (
        "class V:\n    def _repr_json_(self): return ring\n    def __repr__(self): return 'V'\n"
        "ring = {}; ring['ring'] = ring"
    ),
    "HTML that is no text": (
        "class V:\n    def _repr_html_(self): return V()\n    def __repr__(self): return 'V'"
    ),
    "a repr that exits": "class V:\n    def __repr__(self): raise SystemExit",
    "a repr that raises what no except catches": (
        "class E(BaseException): pass\nclass V:\n    def __repr__(self): raise E"
    ),
    "a class that answers for everything": (
        "class M(type):\n    def __getattribute__(cls, name): raise SystemExit(name)\n"
        "    __eq__ = __hash__ = __getattribute__\nclass V(metaclass=M): pass"
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_a_hostile_value_does_not_end_the_session(client: SessionClient, what: str) -> None:
    """It has a text, the lane can look at it, and the next cell runs in the same engine."""
    await (await client.execute("kept = 6 * 7\n" + HOSTILE[what])).finished()
    record = await (await client.execute("value = V()\nvalue")).finished()
    assert record.status == "ok"
    assert "V" in record.values[0].data["text/plain"]
    assert "value" in (await client.complete("valu", 4))["matches"]
    assert (await client.inspect("value", 5))["found"]
    await client.complete("value.", 6)
    record = await (await client.execute("kept")).finished()
    assert record.values[0].data["text/plain"] == "42"


@pytest.mark.parametrize("body", ["raise SystemExit", "return self", "return str(self)"])
async def test_a_hostile_error_does_not_end_the_session(client: SessionClient, body: str) -> None:
    """It is an error like any other, with its name and line."""
    await (
        await client.execute(f"kept = 42\nclass E(Exception):\n    def __str__(self): {body}")
    ).finished()
    record = await (await client.execute("x = 1\nraise E")).finished()
    assert record.error is not None
    assert (record.error.name, record.error.message[:1]) == ("E", "(")
    assert (await (await client.execute("kept")).finished()).status == "ok"


@pytest.mark.parametrize(
    ("where", "status"),
    [
        ("class V:\n    def __repr__(self): endless()\nV()", "error"),
        ("class V:\n    def _repr_png_(self): endless()\nV()", "error"),
        ("class E(Exception):\n    def __str__(self): endless()\nraise E", "error"),
        ("get_ipython().events.register('post_execute', endless)", "error"),
    ],
)
async def test_an_interrupt_ends_what_is_run_to_show_something(
    client: SessionClient, where: str, status: str
) -> None:
    """Renderings, messages and callbacks are the user's code as much as the cell is."""
    source = "def endless():\n    print('begun', flush=True)\n    while True: pass\n"
    after = (await client.session())["last"]
    execution = await client.execute(source + where)
    async for event in client.events(after=after):
        if event.type == "stream" and "begun" in event.content["text"]:
            break
    assert await client.interrupt(execution.id) == "interrupted"
    record = await asyncio.wait_for(execution.finished(), 60)
    assert record.status == status


async def test_secrets_are_hidden_on_the_wire_too(client: SessionClient) -> None:
    """The structured report that front ends get holds no value of such a name."""
    after = (await client.session())["last"]
    await client.execute("def f(password, user): 1 / 0\nf('hunter' + '2', 'me')")
    async for event in client.events(after=after):
        if event.type == "error":
            break
    values: Any = dict(event.metadata["vivo"]["report"]["frames"][-1]["values"])
    assert "hunter2" not in str(values)
    assert values["user"] == "'me'"
