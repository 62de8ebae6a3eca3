"""matplotlib in a session, as far as no window is needed; windows are in tests/wild."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib._pylab_helpers import Gcf
from vivo.core import Settings, Shell
from vivo.core import figures as figures_of_the_shell

from .conftest import Recorder


@pytest.fixture(autouse=True)
def matplotlib_as_it_was() -> Iterator[None]:
    """matplotlib is one for the whole process: its choices are put back."""
    backend, interactive = plt.get_backend(), mpl.is_interactive()
    finders = list(sys.meta_path)
    yield
    sys.meta_path[:] = finders
    plt.close("all")
    plt.switch_backend(backend)
    mpl.interactive(interactive)


@pytest.fixture
def drawing() -> Iterator[Shell]:
    """A shell that shows figures inline, as a session's does."""
    made = Shell(front_end=Recorder(), settings=Settings(inline_figures=True))
    made.run_cell("%matplotlib inline\nimport matplotlib.pyplot as plt")
    yield made
    made.close()


class Window:
    """A figure's manager, of a toolkit that needs no display."""

    num = 99

    def __init__(self, drawn: list[str]) -> None:
        self.canvas = SimpleNamespace(
            figure=SimpleNamespace(stale=True),
            required_interactive_framework="asyncio",
            draw_idle=lambda: drawn.append("window"),
        )
        self.destroy = lambda: drawn.append("destroyed")


def displays(shell: Shell) -> list[dict[str, Any]]:
    assert isinstance(shell.front_end, Recorder)
    return shell.front_end.of("display")


def message(shell: Shell) -> str:
    assert isinstance(shell.front_end, Recorder)
    report = shell.front_end.of("error")[-1]
    assert report.name == "UsageError"
    return str(report.message)


@pytest.mark.parametrize(
    ("setting", "mime", "start"),
    [
        ("png", "image/png", b"\x89PNG\r\n"),
        ("retina", "image/png", b"\x89PNG\r\n"),
        ("svg", "image/svg+xml", "<?xml"),
        ("jpeg", "image/jpeg", b"\xff\xd8\xff"),
        ("pdf", "application/pdf", b"%PDF-"),
    ],
)
def test_a_figures_format_is_a_setting(
    drawing: Shell, setting: str, mime: str, start: bytes | str
) -> None:
    """%config figure_formats: of the figure at the cell's end, and of one that is a value."""
    drawing.run_cell(f'%config figure_formats = "{setting}"')
    drawing.run_cell("figure = plt.figure(); plt.plot([1, 2, 4]);")
    assert displays(drawing)[-1][mime].startswith(start)
    assert set(displays(drawing)[-1]) == {"text/plain", mime}
    value = drawing.run_cell("figure").values[-1].data
    assert value[mime].startswith(start)


def test_several_formats_are_shown_together(drawing: Shell) -> None:
    """The front end takes the one it likes."""
    drawing.run_cell('%config figure_formats = ["svg", "png"]\nplt.plot([1]);')
    assert {"image/svg+xml", "image/png"} < set(displays(drawing)[-1])


def test_retina_has_twice_the_pixels_at_the_same_size(drawing: Shell) -> None:
    """The size is told to the front end, for the figure at the cell's end and for a value."""

    def pixels(png: bytes) -> tuple[int, int]:
        width, height = struct.unpack(">II", png[16:24])
        return width, height

    drawing.run_cell("figure = plt.figure(); plt.plot([1, 2]);")
    plain = pixels(displays(drawing)[-1]["image/png"])
    drawing.run_cell('%config figure_formats = "retina"')
    value = drawing.run_cell("figure").values[-1]
    double = pixels(value.data["image/png"])
    assert all(abs(two - 2 * one) <= 2 for one, two in zip(plain, double, strict=True))
    size = value.metadata["image/png"]
    assert (size["width"], size["height"]) == (double[0] // 2, double[1] // 2)


def test_show_does_not_block(drawing: Shell) -> None:
    """Nor where interactive mode was turned off."""
    assert mpl.is_interactive()
    result = drawing.run_cell("plt.ioff(); plt.plot([1]); plt.show(); 'after'")
    assert result.value == "after", result.error
    assert len(displays(drawing)) == 1


def test_a_changed_window_is_drawn_again_after_each_cell(drawing: Shell) -> None:
    """And its toolkit's loop begins with it; inline figures are no business of a window's."""
    drawn = list[str]()
    manager = Window(drawn)
    Gcf.figs[99] = manager
    try:
        drawing.run_cell("plt.figure(1); plt.plot([1]);")
        assert drawn == ["window"]
        assert drawing.event_loop is not None
        assert len(displays(drawing)) == 1
        manager.canvas.figure.stale = False
        drawing.run_cell("1")
        manager.canvas.figure.stale = True
        drawing.run_cell("plt.ioff()")
        assert drawn == ["window"]
    finally:
        del Gcf.figs[99]


def test_a_loop_that_was_turned_off_stays_off(drawing: Shell) -> None:
    """An open window does not turn it on again."""
    Gcf.figs[99] = Window([])
    try:
        drawing.run_cell("1")
        assert drawing.event_loop is not None
        drawing.run_cell("%gui off")
        drawing.run_cell("1")
        assert drawing.event_loop is None
    finally:
        del Gcf.figs[99]


def test_matplotlib_agg_shows_nothing(drawing: Shell) -> None:
    """The figures stay open, for savefig; inline shows them again."""
    drawing.run_cell("%matplotlib agg")
    drawing.run_cell("plt.plot([1]);")
    assert displays(drawing) == []
    assert drawing.run_cell("plt.get_fignums()").value == [1]
    drawing.run_cell("plt.close('all')\n%matplotlib inline\nplt.plot([1]);")
    assert len(displays(drawing)) == 1


def test_an_unknown_backend_is_one_sentence(drawing: Shell) -> None:
    """The one before stays, and goes on showing."""
    drawing.run_cell("%matplotlib inlin")
    assert "inlin" in message(drawing)
    assert "did you mean inline?" in message(drawing)
    drawing.run_cell("plt.plot([1]);")
    assert len(displays(drawing)) == 1


def test_without_a_display_a_toolkit_is_one_sentence(
    drawing: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And auto is inline then."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    drawing.run_cell("%matplotlib tk")
    assert "no display" in message(drawing)
    assert drawing.event_loop is None
    drawing.run_cell("%matplotlib auto\nplt.plot([1]);")
    assert len(displays(drawing)) == 1


def test_the_backends_are_listed(drawing: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """%matplotlib --list"""
    drawing.run_cell("%matplotlib --list")
    assert set(capsys.readouterr().out.replace(",", "").split()) >= {"inline", "tk", "qt", "agg"}


def test_matplotlib_that_is_not_installed_is_one_sentence(
    drawing: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to run."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(figures_of_the_shell.UsageError, match="%pip install matplotlib"):
        figures_of_the_shell.choose(drawing, "inline")


def test_pylab_is_a_workspace(drawing: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """numpy's and pylab's names, and the modules' usual ones; what it replaces is said."""
    drawing.run_cell("sin = 'mine'\nkept = 1\n%pylab inline")
    told = capsys.readouterr().out
    assert "replaced: sin" in told
    assert "kept" not in told
    drawing.run_cell("x = linspace(0, 2*pi, 50); plot(x, sin(x)); title('sine'); figsize(3, 2)")
    assert displays(drawing)[-1]["image/png"].startswith(b"\x89PNG")
    assert drawing.run_cell("np.pi == pi, plt.plot is plot, max([1, 2])").value == (
        True,
        True,
        2,
    )
    assert drawing.run_cell(
        "plt.figure(7); plt.figure(8)\n[f.number for f in getfigs(8)]"
    ).value == [8]
    drawing.run_cell("%who")
    assert capsys.readouterr().out.split() == ["kept", "x"]


def test_pylab_can_give_the_modules_alone(drawing: Shell) -> None:
    """%pylab --no-import-all"""
    drawing.run_cell("%pylab --no-import-all inline")
    assert drawing.run_cell("np.sin is numpy.sin, pylab.plot is plt.plot").success
    assert "linspace" not in drawing.namespace
