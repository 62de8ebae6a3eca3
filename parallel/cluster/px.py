"""What ``%px`` and its kin do: the cells of a session on the engines of a cluster.

Rules:

1. The cluster is the one that was named, or else the last that this process used, or the only one
   that runs.
2. What is set by ``%pxconfig`` holds until it is set again; an option holds for its cell alone.
3. While ``%autopx`` is on every cell goes to the engines, but for those of these magics.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ...core.errors import AlreadyReportedError, UsageError, nearest
from . import current
from .cluster import Cluster
from .errors import named
from .executing import Console
from .grouping import GROUPS
from .results import CellResult
from .views import DirectView

if TYPE_CHECKING:
    from ...core.shell import Shell

_OWN = re.compile(r"\s*(?:%%?(?:autopx|px|pxresult|pxconfig|debug)\b|autopx\s*$)")


@dataclass
class Settings:
    """What holds for a cell that says nothing else."""

    targets: str = "all"
    is_waited_for: bool = True
    group: str = "live"
    cluster: str | None = None


class ParallelCells:
    """The cells of this process on engines."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.last: CellResult | None = None
        self._found: Cluster | None = None
        self._is_automatic = False

    # --- Where ---------------------------------------------------------------------------------

    def cluster(self, name: str | None) -> Cluster:
        """The cluster of a cell (rule 1). Raises :class:`ClusterError` if there is none."""
        name = name or self.settings.cluster
        for known in (current.get_cluster(), self._found):
            if known is not None and not known.is_closed and name in (None, known.name):
                return known
        self._found = Cluster.connect(name)
        return self._found

    def view(self, targets: str | None, name: str | None) -> DirectView:
        """The engines of a cell. Raises :class:`UsageError` and :class:`ClusterError`."""
        return self.cluster(name)[key_of(targets or self.settings.targets)]

    # --- What the magics do --------------------------------------------------------------------

    def run(self, shell: Shell, code: str, options: SimpleNamespace) -> CellResult | None:
        """Run a cell on engines; gives its result if nobody waits for it."""
        if not code.strip():
            raise UsageError("%px runs a statement on the engines, %%px the cell below it.")
        group = _group_of(options.group) if options.group else self.settings.group
        is_waited_for = self.settings.is_waited_for
        if options.block or options.no_block:
            is_waited_for = bool(options.block)
        view = self.view(options.targets, options.cluster)
        console = Console(view.is_single, group)
        result = view.begin(code, console) if is_waited_for else view.aexecute(code)
        self.last = result
        if options.save:
            if not options.save.isidentifier():
                raise UsageError(f"--save {options.save}: give a name for the result.")
            shell.namespace[options.save] = result
        local = shell.run_cell(code, store_history=False) if options.local else None
        if is_waited_for:
            console.attend(result)
            result.get()
        if local is not None and local.error is not None:
            raise AlreadyReportedError
        return None if is_waited_for else result

    def configure(self, options: SimpleNamespace) -> None:
        """Set what is named, and tell what holds if nothing is."""
        settings = self.settings
        if options.targets:
            key_of(options.targets)
            settings.targets = options.targets
        if options.group:
            settings.group = _group_of(options.group)
        if options.block or options.no_block:
            settings.is_waited_for = bool(options.block)
        if options.cluster:
            settings.cluster = None if options.cluster == "any" else options.cluster
        if not any(vars(options).values()):
            waits = "--block" if settings.is_waited_for else "--noblock"
            chosen = f" --cluster {settings.cluster}" if settings.cluster else ""
            print(f"--targets {settings.targets} {waits} --group-outputs {settings.group}{chosen}")

    def show_last(self, group: str | None) -> None:
        """Show what the last cell gave, once it has ended; raises what it raised."""
        if self.last is None:
            raise UsageError("%px has run nothing in this session yet: there is no result to show.")
        how = _group_of(group) if group else self.settings.group
        self.last.wait()
        Console(self.last.is_single, "engine" if how == "live" else how).show_all(self.last)
        self.last.get()

    def toggle(self, shell: Shell) -> None:
        """Send every cell to the engines from now on, or no longer (rule 3)."""
        if self._is_automatic:
            shell.input_transformers_cleanup.remove(self._sent)
            self._is_automatic = False
            print("Cells run here again.")
            return
        where = named(self.view(None, None).engines)
        shell.input_transformers_cleanup.append(self._sent)
        self._is_automatic = True
        print(f"Cells run on {where} from now on; %autopx ends it.")

    @staticmethod
    def _sent(lines: list[str]) -> list[str]:
        """A cell's lines as those of ``%%px``, unless it is for here."""
        text = "".join(lines)
        return lines if not text.strip() or _OWN.match(text) else ["%%px\n", *lines]


cells = ParallelCells()
"""Those of this process."""


def key_of(text: str) -> Any:
    """What a cluster is indexed with: ``all``, ``0``, ``-1``, ``0,2``, ``1:``, ``::2``, a host."""
    text = text.strip().removeprefix("[").removesuffix("]").strip()
    if text in ("all", ""):
        return slice(None)
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d+(\s*,\s*-?\d+)*\s*,?", text):
        return [int(each) for each in text.split(",") if each.strip()]
    if re.fullmatch(r"(-?\d+)?:(-?\d+)?(:(-?\d+)?)?", text):
        return slice(*(int(each) if each else None for each in text.split(":")))
    if "," in text or ":" in text:
        raise UsageError(f"--targets {text}: give all, 0, 0,2, 1:, ::2 or the name of a host.")
    return text


def _group_of(text: str) -> str:
    if text not in GROUPS:
        near = nearest(text, GROUPS)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"--group-outputs {text}: it is one of {', '.join(GROUPS)}.{meant}")
    return text
