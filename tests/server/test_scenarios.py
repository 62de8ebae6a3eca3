"""Each file of ``scenarios`` is one scenario, see :mod:`.scenario_files`.

One server plays them all, each in a session of its own.
"""

from __future__ import annotations

import os
from pathlib import Path

from .editors import CAPABILITIES, end_all, make_editor
from .scenario_files import Replay, read_scenario

FOLDER = Path(__file__).parent / "scenarios"
WANTED = {name for name in os.environ.get("VIVO_SCENARIOS", "").split(",") if name}
"""Names of scenarios, to play these alone."""


async def test_every_scenario_shows_what_it_says(home: Path) -> None:
    """What is live, where things are defined, what is completed and shown: all of it over stdio."""
    editor = await make_editor(
        home, {**CAPABILITIES, "experimental": {"vivo": {"documents": True}}}
    )
    failures: list[str] = []
    try:
        for path in sorted(FOLDER.glob("*.py")):
            if WANTED and path.stem not in WANTED:
                continue
            folder = home / "scenarios" / path.stem
            folder.mkdir(parents=True)
            failures += await Replay(editor, read_scenario(path), folder).play()
            await end_all(editor)
    finally:
        await end_all(editor)
        await editor.client.close()
    assert not failures, "\n".join(failures)


def test_an_annotation_belongs_to_the_line_above() -> None:
    """The caret tells the column, the arrow column 0; what stands in brackets tells when."""
    scenario = read_scenario(FOLDER / "parameter.py")
    assert scenario.steps == ["run all", "check"]
    first, second, *_ = scenario.files[0].expected
    assert (first.line, first.column, first.kind, first.wanted) == (2, 0, "hover", "live list")
    assert (second.line, second.column) == (4, 4)
