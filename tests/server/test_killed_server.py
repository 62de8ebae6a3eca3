"""A language server that is killed while a cell runs: the user sees all that the cell shows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from vivo.parallel.launch import end_session
from vivo.parallel.registry import Registry

from ..parallel.survivors import CELL
from .surviving import SurvivingEditor, journaled_outputs

pytestmark = pytest.mark.sessions


async def test_what_killed_servers_showed_is_the_journal(home: Path) -> None:
    """Three servers for one cell, killed at random moments; each output once and in order."""
    editor = SurvivingEditor(home)
    editor.path.write_text("")
    await editor.start()
    chance = random.Random(1)
    run = await editor.run(CELL.format(lines=1500))
    for _ in range(3):
        await editor.killed_after(len(editor.outputs) + chance.randint(1, 40), run)
    await editor.end_of(run)
    (entry,) = Registry().live()
    assert editor.shown(run) == journaled_outputs(entry, run)
    assert len(editor.shown(run)) > 50
    assert editor.finished[run]["status"] == "error"
    await editor.close()
    await end_session(entry.id)


async def test_all_that_ran_while_no_server_was_there_is_shown(home: Path) -> None:
    """Several cells of more outputs than a server looks back by itself: the editor says where."""
    editor = SurvivingEditor(home)
    editor.path.write_text("")
    await editor.start()
    first = await editor.run("import time\nprint('begun')\ntime.sleep(0.5)")
    rest = [
        await editor.run(f"for i in range(1500): display(({number}, i))") for number in range(3)
    ]
    await editor.killed_after(1, first)
    for run in (first, *rest):
        await editor.end_of(run)
    (entry,) = Registry().live()
    for run in (first, *rest):
        assert editor.shown(run) == journaled_outputs(entry, run)
    await editor.close()
    await end_session(entry.id)
