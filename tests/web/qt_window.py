"""qtconsole itself, and what stands in its window told as it changes; run in .venv-web.

Words: those of ``jupyter qtconsole``. After every change it prints one line of JSON: see ``look``.
Keys come from outside, as a user's do. A line ``picture FILE`` on its input has the window saved.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from qtconsole.qtconsoleapp import JupyterQtConsoleApp
from qtpy import QtCore, QtWidgets

PICTURE = "\N{OBJECT REPLACEMENT CHARACTER}"  # what stands for an image in Qt's text


class Teller(QtCore.QObject):
    """Tells what a user would see, whenever it has changed."""

    def __init__(self, console: Any) -> None:
        super().__init__()
        self.console = console
        self.told: dict[str, Any] = {}
        self.timer = QtCore.QTimer(self, interval=20, singleShot=True)
        self.timer.timeout.connect(self.tell)
        console.widget._control.document().contentsChanged.connect(self.timer.start)
        console.app.installEventFilter(self)
        self.input = QtCore.QSocketNotifier(0, QtCore.QSocketNotifier.Read, self)
        self.input.activated.connect(self.obey)

    def eventFilter(self, _: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Windows, dialogs, lists and pages that come and go; where the keyboard is."""
        kinds = QtCore.QEvent.Type
        if event.type() in {kinds.Show, kinds.Hide, kinds.FocusIn, kinds.WindowActivate}:
            self.timer.start()
        return False

    def look(self) -> dict[str, Any]:
        """The text, how many pictures are in it, the list of completions, a dialog, the pager."""
        widget = self.console.widget
        text = widget._control.toPlainText()
        choices = getattr(widget._completion_widget, "count", None)
        shown = choices is not None and widget._completion_widget.isVisible()
        listed = (
            [widget._completion_widget.item(n).text() for n in range(choices())] if shown else []
        )
        box = QtWidgets.QApplication.activeModalWidget()
        pager = widget._page_control
        return {
            "text": text,
            "pictures": text.count(PICTURE),
            "completions": listed,
            "dialog": box.text() if isinstance(box, QtWidgets.QMessageBox) else None,
            "pager": pager.toPlainText() if pager is not None and pager.isVisible() else None,
            "keyboard": QtWidgets.QApplication.focusWidget() is not None,
        }

    def tell(self) -> None:
        """Print it if it has changed."""
        found = self.look()
        if found != self.told:
            self.told = found
            print(json.dumps(found), flush=True)

    def obey(self) -> None:
        """Do what a line of the input says; end with it."""
        line = sys.stdin.readline()
        if not line:
            self.console.app.quit()
            return
        word, _, rest = line.strip().partition(" ")
        if word == "picture":
            self.console.window.grab().save(rest)
            print(json.dumps({"picture": rest}), flush=True)


def main() -> None:
    """Run qtconsole as its command does."""
    console = JupyterQtConsoleApp()
    console.initialize(sys.argv[1:])
    teller = Teller(console)
    teller.timer.start()
    console.start()


if __name__ == "__main__":
    main()
