"""Who is in a session: as the keeper keeps it (pure), and through real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.asynchronous.client import AsyncKernelClient
from vivo.parallel.client import SessionClient
from vivo.parallel.keeper.presence import LAPSE, MEMORY, MOST, Presence
from vivo.parallel.messages import Person, PresenceRequest
from vivo.parallel.presence import ask
from vivo.parallel.registry import SessionEntry

ADA, BOB = PresenceRequest("Ada (web)", "web", "runner"), PresenceRequest("Emacs vivo")


def names(people: list[Person]) -> list[str]:
    """What they are called, in their order."""
    return [each.name for each in people]


def test_who_has_said_so_is_here_until_they_go() -> None:
    """Coming and going are changes; saying it again is none."""
    presence = Presence()
    assert presence.say("a", ADA, 100.0)
    assert presence.say("b", BOB, 101.0)
    assert not presence.say("a", ADA, 110.0)
    assert names(presence.people(110.0)) == ["Ada (web)", "Emacs vivo"]
    assert presence.people(110.0)[0].since == 100.0
    assert presence.say("a", PresenceRequest(leaving=True), 111.0)
    assert names(presence.people(111.0)) == ["Emacs vivo"]


def test_who_says_it_no_more_is_forgotten_when_another_speaks() -> None:
    """A killed editor does not stay for ever."""
    presence = Presence()
    presence.say("a", ADA, 0.0)
    presence.say("b", BOB, LAPSE - 1)
    assert presence.say("b", BOB, LAPSE + 1)
    assert names(presence.people(LAPSE + 1)) == ["Emacs vivo"]


def test_who_only_asks_is_not_here() -> None:
    """`vivo sessions who` is nobody."""
    presence = Presence()
    assert not presence.say("x", PresenceRequest(), 1.0)
    assert presence.people(1.0) == []


def test_what_people_say_of_themselves_is_bounded() -> None:
    """A name of any length, a kind and a role that there are not."""
    presence = Presence()
    presence.say("x", PresenceRequest("n" * 10_000, "ghost", "king"), 1.0)
    (person,) = presence.people(1.0)
    assert (len(person.name), person.kind, person.role) == (100, "editor", "owner")


def test_plain_clients_are_told_by_user_for_some_time() -> None:
    """Jupyter's front ends have several connections, and never say when they go."""
    presence = Presence()
    for session in ("one", "two"):
        presence.heard({"session": session, "username": "ada"}, 10.0)
    presence.heard({"session": "three", "username": "ada"}, 5.0)  # an older cell of theirs
    (person,) = presence.people(11.0)
    assert (person.name, person.kind, person.heard) == ("ada", "jupyter", 10.0)
    assert presence.people(10.0 + MEMORY + 1) == []


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "leave", "ask", "hear"]),
        st.integers(0, 2 * MOST),
        st.floats(-5.0, 40.0),
    ),
    max_size=60,
)


@given(_STEPS, st.integers(0, MOST + 20))
def test_it_is_what_was_said_last_whatever_is_said(
    steps: list[tuple[str, int, float]], crowd: int
) -> None:
    """The bounds hold; whoever has just said it is here; clocks may be set back."""
    presence, now = Presence(), 1000.0
    for each in range(crowd):
        presence.say(f"crowd {each}", BOB, now)
    for step, number, passed in steps:
        now += passed
        who = str(number)
        before = presence.people(now)
        if step == "say":
            presence.say(who, ADA, now)
            assert who in [each.id for each in presence.people(now)]
        elif step == "leave":
            presence.say(who, PresenceRequest(leaving=True), now)
            assert who not in [each.id for each in presence.people(now) if each.kind != "jupyter"]
        elif step == "ask" and presence.say(who, PresenceRequest(), now):
            assert len(presence.people(now)) < len(before)
        elif step == "hear":
            presence.heard({"session": who, "username": f"user {number}"}, now)
        presence.validate()


class Watcher:
    """A client that is here, and hears who else is."""

    def __init__(self, client: SessionClient, said: PresenceRequest) -> None:
        self._client, self._news = client, asyncio.Event()
        client.present(said, self._news.set)

    async def until(self, *wanted: str) -> list[Person]:
        """Wait until these are here, and nobody else."""
        assert self._client.presence is not None
        async with asyncio.timeout(20):
            while sorted(names(self._client.presence.people)) != sorted(wanted):
                self._news.clear()
                await self._news.wait()
        return self._client.presence.people


@pytest.mark.sessions
async def test_all_are_told_who_comes_and_who_goes(
    entry: SessionEntry, client: SessionClient
) -> None:
    """An editor, a visitor, a client of Jupyter's; then one of them is gone."""
    editor = Watcher(client, BOB)
    await editor.until("Emacs vivo")
    second = await SessionClient.connect(entry.connection_file, name="Ada (web)")
    visitor = Watcher(second, ADA)
    await visitor.until("Ada (web)", "Emacs vivo")
    here = await editor.until("Ada (web)", "Emacs vivo")
    ada = next(each for each in here if each.name == ADA.name)
    assert (ada.kind, ada.role) == ("web", "runner")

    plain = AsyncKernelClient()
    plain.load_connection_file(str(Path(entry.connection_file)))
    plain.session.username = "grace"
    plain.start_channels()
    await plain.wait_for_ready(timeout=30)
    told = await ask(client)
    assert [each.name for each in told.people if each.kind == "jupyter"] == ["grace"]
    plain.stop_channels()

    run = await second.execute("import threading; threading.Event().wait()")
    async for event in client.events(after=0):
        if event.type == "execute_input":
            break
    told = await ask(client)
    assert told.running == ada.id
    await client.interrupt(run.id)
    await run.finished()
    assert (await ask(client)).running is None

    await second.close()
    await editor.until("Emacs vivo", "grace")


@pytest.mark.sessions
async def test_nothing_of_it_is_in_the_journal(entry: SessionEntry, client: SessionClient) -> None:
    """Coming and going leave no event."""
    before = (await client.session())["last"]
    await Watcher(client, BOB).until("Emacs vivo")
    assert (await client.session())["last"] == before


@pytest.mark.sessions
async def test_a_new_keeper_is_told_at_once(entry: SessionEntry, client: SessionClient) -> None:
    """The keeper is killed; who is here is known to the next one without waiting for a renewal."""
    await Watcher(client, BOB).until("Emacs vivo")
    first = (await client.session())["keeper_pid"]
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):  # it is renewed every 20 seconds
        while (await client.session())["keeper_pid"] == first:
            continue
        while names((await ask(client)).people) != ["Emacs vivo"]:
            continue
