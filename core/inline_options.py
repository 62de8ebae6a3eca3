"""How inline figures are drawn, by the names of IPython's ``InlineBackend``.

``%config InlineBackend.print_figure_kwargs = {"facecolor": "white"}`` and its like. The formats are
a setting of the shell (``figure_formats``); here is what only matplotlib understands.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import UsageError, nearest
from .shim.spellings import PREFIX


@dataclass
class InlineOptions:
    """The options of a shell's inline figures."""

    close_figures: bool = True
    """Whether a figure is closed when its cell has shown it; if not, later cells may go on with it,
    and each that changes it shows it again."""
    print_figure_kwargs: dict[str, Any] = field(default_factory=dict)
    """Given to ``Figure.savefig``, beside ``bbox_inches="tight"``."""
    rc: dict[str, Any] = field(default_factory=dict)
    """Put into ``matplotlib.rcParams`` when it is set."""

    def check_name(self, name: str) -> None:
        """Raise :class:`UsageError` with the nearest name if there is no such option."""
        names = [each.name for each in fields(self)]
        if name not in names:
            names += ["figure_format", "figure_formats"]
            near = nearest(name, names)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else f"there are {', '.join(names)}."
            raise UsageError(f"There is no option {PREFIX}{name}; {hint}")

    def set(self, name: str, value: Any) -> None:
        """Change an option. Raises :class:`UsageError` for an unknown name or an unfit value."""
        self.check_name(name)
        wanted = type(getattr(self, name))
        if type(value) is not wanted:
            raise UsageError(f"{PREFIX}{name} wants a {wanted.__name__}, not {value!r}.")
        if name == "rc":
            _use_rc(value)
        setattr(self, name, value)


def _use_rc(parameters: dict[str, Any]) -> None:
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
        matplotlib.rcParams.update(parameters)
    except ImportError:
        raise UsageError(f"{PREFIX}rc wants matplotlib: run %pip install matplotlib.") from None
    except (KeyError, ValueError) as error:
        told = " ".join(str(error.args[0] if error.args else error).split())
        raise UsageError(f"matplotlib refuses this {PREFIX}rc: {told}") from None
