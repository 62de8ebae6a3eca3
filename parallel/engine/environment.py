"""The user's own environment variables and paths, given back once our modules are loaded.

What the process then has is what a plain Python has that is started in the same place. Rules:

1. Until the engine's modules are loaded, nothing of the user's paths is on ``sys.path``: a
   ``types.py`` of theirs must not become ours.
2. A folder of ``PYTHONPATH`` counts as :mod:`site` has it: in full, once, the first one first; and
   a ``sitecustomize`` that lies in one runs, before any cell.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder


def restore(variables: dict[str, str]) -> None:
    """Set the variables that were held back, and the path that they and the folder make."""
    os.environ.update(variables)
    del sys.orig_argv[1:]  # the bootstrap's words are none of the user's
    folders = _pythonpath()
    sys.path[:] = [*folders, *(each for each in sys.path if each not in folders)]
    if folders:
        _customize(folders)
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, "")


def _pythonpath() -> list[str]:
    named = os.environ.get("PYTHONPATH", "")
    if not named or sys.flags.ignore_environment:
        return []
    return list(dict.fromkeys(map(os.path.abspath, named.split(os.pathsep))))


def _customize(folders: list[str]) -> None:
    """Run the modules by which a site and a user change every Python, where they lie there."""
    import site

    for name, execute in (
        ("sitecustomize", site.execsitecustomize),
        ("usercustomize", site.execusercustomize if site.ENABLE_USER_SITE else None),
    ):
        if execute is not None and PathFinder.find_spec(name, folders) is not None:
            sys.modules.pop(name, None)  # the environment's own, which this one stands before
            execute()
