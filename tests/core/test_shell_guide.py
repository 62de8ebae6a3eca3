"""``docs/shell.md`` and the pages generated beside it: every example does what it shows."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from vivo import core
from vivo.core import Shell, shim
from vivo.core.events import EVENTS
from vivo.core.profiles import BUILT_IN, find_profile
from vivo.core.session_log import MODES as LOG_MODES
from vivo.core.settings import FIGURE_FORMATS, INTERACTIVITY
from vivo.core.traceback_text import MODES as TRACEBACK_MODES

from .transcripts import Replay, chapters

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "shell.md").read_text("utf-8")
CHAPTERS = chapters(GUIDE)


@pytest.fixture
def replay(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """A user with a home and a folder to work in."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    work = home / "project"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.syspath_prepend(str(work))
    environment, finders = dict(os.environ), list(sys.meta_path)
    backend = (plt.get_backend(), mpl.is_interactive())
    shim.install()  # as a session does
    made = Replay(home, monkeypatch)
    yield made
    made.close()
    _put_back_matplotlib(backend)
    os.environ.clear()
    os.environ.update(environment)
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.partition(".")[0] == "IPython"]:
        del sys.modules[name]


def _put_back_matplotlib(backend: tuple[str, bool]) -> None:
    """matplotlib is one for the whole process: its choices are put back."""
    plt.close("all")
    plt.switch_backend(backend[0])
    plt.uninstall_repl_displayhook()  # which would ask for IPython's names later
    mpl.interactive(backend[1])


@pytest.mark.parametrize("title", list(CHAPTERS))
def test_the_guides_examples_do_what_they_show(replay: Replay, title: str) -> None:
    """Each chapter's transcripts and programs, word for word."""
    replay.run(CHAPTERS[title])


def test_the_guide_names_every_magic_and_alias(shell: Shell) -> None:
    """A user finds each in the guide, and its options in the reference."""
    reference = (DOCS / "magics.md").read_text("utf-8")
    for kind, mark in (("line", "%"), ("cell", "%%")):
        for name in shell.magics.names(kind):
            assert re.search(rf"(?<!%){mark}{name}\b", GUIDE), f"{mark}{name} is not in the guide"
            assert f"`{mark}{name}`" in reference
    for name in shell.aliases:
        assert re.search(rf"`{name}`", GUIDE), f"the alias {name} is not in the guide"


def test_the_guide_names_what_can_be_chosen(shell: Shell) -> None:
    """Each event, mode, class to display, option of %run, and way to show values."""
    chosen = [*EVENTS, *TRACEBACK_MODES, *LOG_MODES, *INTERACTIVITY, *FIGURE_FORMATS, *BUILT_IN]
    chosen += [option.flag for option in shell.magics.get("run").options]
    chosen += [name for name, kind in vars(core).items() if _is_display_class(kind)]
    chosen += ["update", "display_id", "clear_output", "embed", "complete", "inspect"]
    assert [name for name in chosen if not re.search(rf"(?<!\w){name}(?!\w)", GUIDE)] == []


def _is_display_class(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "_repr_mimebundle_")


@pytest.mark.parametrize(
    "page", ["docs/shell.md", "docs/magics.md", "docs/settings.md", "README.md"]
)
def test_links_lead_somewhere(page: str) -> None:
    """To files, and to headlines in them."""
    path = DOCS.parent / page
    links = re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]+))?\)", path.read_text("utf-8"))
    assert links or page == "docs/settings.md"
    for target, anchor in links:
        other = path.parent / target if target else path
        assert other.exists(), target
        if anchor:
            headlines = re.findall(r"^#+ (.+)$", other.read_text("utf-8"), re.MULTILINE)
            assert anchor in [_anchor(line) for line in headlines], f"{target}#{anchor}"


def _anchor(headline: str) -> str:
    """What the sites that show these pages call a headline."""
    return re.sub(r"[^\w\- ]", "", headline).lower().replace(" ", "-")


def test_the_settings_pages_examples_set_what_they_say(shell: Shell, home: Path) -> None:
    """By %config and by a profile, with the same outcome, and not the default."""
    page = (DOCS / "settings.md").read_text("utf-8")
    examples = re.findall(r"Session: `(%config (\w+) = .+?)`\. .*?`(\w+ = .+?)`\.", page)
    assert len(examples) > 10
    for typed, name, written in examples:
        default = getattr(shell.settings, name)
        assert shell.run_cell(typed).status == "ok"
        path = home / "one.toml"
        path.write_text(f"[settings]\n{written}\n", "utf-8")
        wanted: Any = find_profile(str(path)).settings[name]
        value = getattr(shell.settings, name)
        assert value != default
        assert value == (tuple(wanted) if isinstance(wanted, list) else wanted)
