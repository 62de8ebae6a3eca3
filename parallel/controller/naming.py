"""Launchers and policies by their names: vivo's, those of installed packages, the user's own.

A name is one of ours; one that an installed package has entered (the groups ``vivo.launchers`` and
``vivo.policies`` of its entry points); or ``MODULE:CLASS``, found by vivo's own interpreter, which
the controller runs in, and in the folder where the engines start.
"""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from ..errors import SessionError
from .farming.policy import Ahead, Guarded, Policy

if TYPE_CHECKING:
    from .launchers import Launcher

_LAUNCHERS = {
    "local": ".launchers.local:LocalLauncher",
    "mpi": ".launchers.mpi:MPILauncher",
    "slurm": ".launchers.slurm:SlurmLauncher",
    "pbs": ".launchers.others:PBSLauncher",
    "sge": ".launchers.others:GridEngineLauncher",
    "lsf": ".launchers.others:LSFLauncher",
    "ssh": ".launchers.ssh:SSHLauncher",
    "dask": ".launchers.dask:DaskLauncher",
}
_METHODS = {"launcher": ("start", "stop"), "policy": ("credit", "patience")}
_PLURALS = {"launcher": "launchers", "policy": "policies"}


def launchers() -> list[str]:
    """The names of launchers: vivo's and those of installed packages."""
    return [*_LAUNCHERS, *sorted(each.name for each in entry_points(group="vivo.launchers"))]


def launcher_named(name: str, folder: str = "") -> Launcher:
    """The launcher of a name. Raises :class:`SessionError`."""
    if name in _LAUNCHERS:
        module, _, attribute = _LAUNCHERS[name].partition(":")
        made: Launcher = getattr(importlib.import_module(module, __package__), attribute)()
        return made
    return _own("launcher", name, folder, list(_LAUNCHERS))  # type: ignore[no-any-return]


def policy_named(name: str, folder: str = "") -> Policy:
    """The policy of a name. Raises :class:`SessionError`."""
    if name == "ahead":
        return Ahead()
    return Guarded(_own("policy", name, folder, ["ahead"]))


def _own(kind: str, name: str, folder: str, known: list[str]) -> Any:
    group = f"vivo.{_PLURALS[kind]}"
    entered = {each.name: each for each in entry_points(group=group)}
    point = entered.get(name)
    if point is None and ":" in name:
        point = EntryPoint(name, name, group)
        if folder and folder not in sys.path:
            sys.path.append(folder)  # last: its files shadow none of ours
    if point is None:
        there = ", ".join([*known, *sorted(entered)])
        raise SessionError(
            f"There is no {kind} {name!r}: there is {there}. One of your own is named by "
            "MODULE:CLASS."
        )
    try:
        made = point.load()()
    except Exception as error:
        raise SessionError(
            f"The {kind} {name} cannot be made: {type(error).__name__}: {error}. vivo's own "
            f"interpreter ({sys.executable}) must find it, or the engines' folder "
            f"{folder or '(none)'} hold it."
        ) from error
    missing = [each for each in _METHODS[kind] if not callable(getattr(made, each, None))]
    if missing:
        raise SessionError(
            f"The {kind} {name} has no {' and no '.join(missing)}: docs/building-on-it.md says "
            "what it must be."
        )
    return made
