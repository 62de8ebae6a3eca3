"""VTK's scenes as pictures in the output, without importing VTK.

A render window that is a cell's value, or is given to ``display``, becomes a PNG. Rules:

1. A window that is not on a screen is drawn off-screen: no display is needed, and no window
   opens. It stays off-screen until ``SetOffScreenRendering(False)``. One that is on a screen
   stays there as it is.
2. What is shown is the scene as it is then. A later cell that changes it shows it again, or
   updates what was shown by its display id.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .errors import UsageError

if TYPE_CHECKING:
    from .formatters import DisplayFormatters

WINDOW = "vtkmodules.vtkRenderingCore.vtkRenderWindow"


def install(formatters: DisplayFormatters) -> None:
    """Show render windows inline from now on."""
    formatters.register("image/png", WINDOW, picture)


def picture(window: Any) -> bytes:
    """A render window's scene as PNG.

    Raises :class:`UsageError` if the window cannot draw because VTK's OpenGL module is not loaded.
    """
    core = importlib.import_module("vtkmodules.vtkRenderingCore")
    images = importlib.import_module("vtkmodules.vtkIOImage")
    if type(window) is core.vtkRenderWindow:
        raise UsageError(
            "this render window was made before vtkmodules.vtkRenderingOpenGL2 was imported; "
            "import it, and make the window again."
        )
    interactor = window.GetInteractor()
    if not window.GetMapped() and not (interactor and interactor.GetInitialized()):
        window.SetOffScreenRendering(True)  # for good: to undo it opens a window
    window.Render()
    grabber = core.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.ReadFrontBufferOff()
    grabber.Update()
    writer = images.vtkPNGWriter()
    writer.WriteToMemoryOn()
    writer.SetInputConnection(grabber.GetOutputPort())
    writer.Write()
    return bytes(writer.GetResult())
