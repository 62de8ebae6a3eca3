"""Qt's event loop, by any of its bindings.

Rules:

1. A binding that is already imported is the one used: two in one process do not go together.
2. ``QApplication`` ends the process where it finds no display or no platform plug-in. So a child
   process tries first, and the user reads what it said.
3. The loop is one of our own, which nobody sees begin and end. But after
   ``QCoreApplication.exit`` none of the thread runs until ``exec`` of the application itself
   has: then that is run once, and says ``aboutToQuit`` to those who wait for it.
4. PyQt ends the process for an exception in a slot unless an exception hook is set: one is set.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ..errors import UsageError
from .base import EventLoop, Undo, toolkit

BINDINGS = {
    "qt": ("PySide6", "PyQt6", "PyQt5", "PySide2"),
    "qt6": ("PySide6", "PyQt6"),
    "qt5": ("PyQt5", "PySide2"),
}
OURS = "madeBySession"
"""A property of an application that we have made: closing its last window ends no loop of ours."""

_TRIAL = "import sys; from {binding}.QtWidgets import QApplication; QApplication(['trial'])"
_TRIAL_SECONDS = 30


class QtLoop(EventLoop):
    """Runs Qt, and makes the application if there is none.

    Raises :class:`UsageError` where no binding is installed, or Qt cannot start.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        choices = BINDINGS[name]
        wanted = os.environ.get("QT_API", "").lower()
        choices = tuple(sorted(choices, key=lambda binding: binding.lower() != wanted))
        core_names = tuple(f"{binding}.QtCore" for binding in choices)
        package = "PyQt5" if name == "qt5" else "PySide6-Essentials"
        if sys.version_info < (3, 12) and name != "qt5":
            package += "<6.12"  # 6.12 gives None back too often there, until the process aborts
        install = f'run %pip install "{package}"'
        self._core: Any = toolkit(name, core_names, install)
        self.application = self._core.QCoreApplication.instance() or self._new_application()
        self._loop = self._core.QEventLoop(self.application)
        self._left = False
        survive_errors()

    def _new_application(self) -> Any:
        binding = self._core.__name__.partition(".")[0]
        _try(self.name, binding)
        widgets = importlib.import_module(f"{binding}.QtWidgets")
        application = widgets.QApplication(["vivo"])
        application.setQuitOnLastWindowClosed(False)
        application.setProperty(OURS, True)
        return application

    def _watch(self, descriptor: int, call: Callable[[], None]) -> Undo:
        return watch(self._core, descriptor, call)

    def _every(self, seconds: float, call: Callable[[], None]) -> Undo:
        timer = self._core.QTimer()
        timer.timeout.connect(call)
        timer.start(int(seconds * 1000))
        return timer.stop  # type: ignore[no-any-return]

    def _enter(self) -> None:
        self._left = False
        _execute(self._loop)
        if not self._left:
            # not quit, which would close the windows
            self._core.QTimer.singleShot(0, lambda: self.application.exit(0))
            _execute(self.application)  # rule 3

    def _leave(self) -> None:
        self._left = True
        self._loop.quit()


def watch(core: Any, descriptor: int, call: Callable[[], None]) -> Undo:
    """Call a function whenever the descriptor is readable, by the binding's ``QtCore``."""
    kind = _member(core.QSocketNotifier, "Type", "Read")
    notifier = core.QSocketNotifier(descriptor, kind)
    notifier.activated.connect(lambda *_: call())
    return lambda: notifier.setEnabled(False)


def _execute(loop: Any) -> None:
    (loop.exec if hasattr(loop, "exec") else loop.exec_)()


def _member(owner: Any, enumeration: str, name: str) -> Any:
    """A member of an enumeration: PyQt6 has them scoped only, older bindings unscoped only."""
    return getattr(getattr(owner, enumeration, owner), name)


def _try(gui: str, binding: str) -> None:
    try:
        result = subprocess.run(
            [sys.executable, "-c", _TRIAL.format(binding=binding)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TRIAL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"%gui {gui}: Qt did not start within {_TRIAL_SECONDS} s.") from None
    if result.returncode:
        lines = [line for line in result.stderr.strip().splitlines() if line.strip()]
        said = lines[0].strip() if lines else f"exit status {result.returncode}"
        raise UsageError(
            f"%gui {gui}: {binding} cannot start ({said}); set DISPLAY, or "
            "QT_QPA_PLATFORM=offscreen for windows that nobody sees."
        )


def survive_errors() -> None:
    """Set an exception hook, unless the user has (rule 4)."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _report


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Write an unhandled exception, as Python does itself."""
    sys.__excepthook__(kind, error, traceback)
