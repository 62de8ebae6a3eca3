"""VTK scenes: inline where there is no display, in a window where there is one."""

from __future__ import annotations

import asyncio
import binascii
import io
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from .conftest import Screen, Starter

SCENE = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkFiltersSources import vtkConeSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow
cone = vtkConeSource(resolution=40)
mapper = vtkPolyDataMapper()
mapper.SetInputConnection(cone.GetOutputPort())
actor = vtkActor()
actor.SetMapper(mapper)
actor.GetProperty().SetColor(1, 0, 0)
actor.GetProperty().LightingOff()
renderer = vtkRenderer()
renderer.SetBackground(0, 0, 0)
renderer.AddActor(actor)
"""
WINDOW = """
window = vtkRenderWindow()
window.AddRenderer(renderer)
window.SetSize(240, 160)
"""
WIDGET = """
from PySide6 import QtWidgets
from vtkmodules.qt.QVTKRenderWindowInteractor import QVTKRenderWindowInteractor
widget = QVTKRenderWindowInteractor()
window = widget.GetRenderWindow()
window.AddRenderer(renderer)
widget.resize(240, 160)
widget.show()
widget.Initialize()
"""


def share(data: dict[str, Any], channel: int) -> float:
    """The share of a picture's pixels that are of one colour alone: 0 red, 1 green, 2 blue."""
    pixels = imread(io.BytesIO(binascii.a2b_base64(data["image/png"])), format="png")
    assert pixels.shape[:2] == (160, 240)
    others = [pixels[..., other] for other in range(3) if other != channel]
    pure = (pixels[..., channel] > 0.9) & (others[0] < 0.1) & (others[1] < 0.1)
    return float(pure.mean())


async def test_a_scene_is_shown_inline_and_changed_by_a_later_cell(
    home: Path, pypi_python: str, start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a display: as a value, by display, and updated in place."""
    monkeypatch.delenv("DISPLAY", raising=False)
    session = await start(pypi_python)
    (value,) = await session.shown(SCENE + WINDOW + "window")
    assert value["type"] == "execute_result"
    assert share(value, 0) > 0.05
    assert share(value, 1) == 0
    (first,) = await session.shown("handle = display(window, display_id=True)")
    assert share(first, 0) == share(value, 0)
    change = "actor.GetProperty().SetColor(0, 1, 0); cone.SetRadius(1)"
    (update,) = await session.shown(f"{change}\nhandle.update(window)")
    assert update["type"] == "update_display_data"
    assert share(update, 1) > share(first, 0)
    assert share(update, 0) == 0


async def test_showing_a_scene_inline_opens_no_window(
    screen: Screen, pypi_python: str, start: Starter
) -> None:
    """With a display too; a window is opened when it is asked to render."""
    session = await start(pypi_python)
    (value,) = await session.shown(SCENE + WINDOW + "window")
    assert share(value, 0) > 0.05
    assert await session.value("window.GetMapped()") == "0"
    assert not screen.shows("#ff0000")


async def test_a_scene_in_a_window_follows_later_cells(
    screen: Screen, pypi_python: str, start: Starter
) -> None:
    """In a widget of Qt: it is drawn on the screen, changed by a cell, and shown inline as well."""
    session = await start(pypi_python)
    await session.value("%gui qt")
    await session.value(SCENE + WIDGET)
    while not screen.shows("#ff0000"):
        await asyncio.sleep(0.01)
    await session.value("actor.GetProperty().SetColor(0, 1, 0); window.Render()")
    while not screen.shows("#00ff00"):
        await asyncio.sleep(0.01)
    (inline,) = await session.shown("window")
    assert share(inline, 1) > 0.05


async def test_a_window_that_cannot_draw_is_one_line(
    home: Path, pypi_python: str, start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made before VTK's OpenGL module was loaded: its text is shown, and what to import is said."""
    monkeypatch.delenv("DISPLAY", raising=False)
    session = await start(pypi_python)
    after = (await session.client.session())["last"]
    code = "from vtkmodules.vtkRenderingCore import vtkRenderWindow\nvtkRenderWindow()"
    (value,) = await session.shown(code)
    assert set(value) == {"type", "text/plain"}
    await session.printed("import it, and make the window again", after)
