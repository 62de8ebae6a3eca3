"""The script that the user's interpreter runs: makes ``vivo`` importable, and starts the engine.

Rules:

1. It puts nothing on ``sys.path``: a finder serves the package ``vivo`` alone, from where vivo is
   installed, so that the user's code can import nothing that is only vivo's.
2. It writes nothing into the user's environment: bytecode goes to a cache folder of vivo's.
3. What vivo's modules import is vivo's or the standard library's, whenever they do: a ``queue.py``
   among the user's files is theirs alone.
"""

import gc
import importlib
import os
import sys
from importlib.machinery import FrozenImporter, ModuleSpec, PathFinder, SourceFileLoader

TYPE_CHECKING = False  # a kernel's start waits for all that is loaded here
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_MACHINERY = ("importlib._bootstrap", "importlib._bootstrap_external")


class Loader(SourceFileLoader):
    """Loads vivo's modules, with their bytecode in vivo's own cache."""

    cache: "str | None" = None

    def get_code(self, fullname: str) -> "Any":
        """The module's code."""
        kept = sys.dont_write_bytecode, sys.pycache_prefix
        if self.cache:
            sys.dont_write_bytecode, sys.pycache_prefix = False, self.cache
        try:
            return super().get_code(fullname)
        finally:
            sys.dont_write_bytecode, sys.pycache_prefix = kept


class Finder:
    """Finds ``vivo`` and its modules, and the standard library for them; nothing else.

    A finder by what it does: ``importlib.abc`` would load a dozen modules more.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        home = os.path.dirname(os.__file__)
        self.standard = [
            each for each in sys.path if each == home or each.endswith(("lib-dynload", ".zip"))
        ]
        self.others = [each for each in sys.path if each not in self.standard]

    def find_spec(self, fullname: str, path: "Any" = None, target: "Any" = None) -> "Any":
        """The spec of a module of vivo's, or None."""
        parts = fullname.split(".")
        if parts[0] != "vivo":
            if fullname in sys.stdlib_module_names and _is_for_vivo(sys._getframe(1)):
                return self._standard_spec(fullname)
            return None
        base = os.path.join(self.root, *parts[1:])
        for location, is_package in (
            (os.path.join(base, "__init__.py"), True),
            (base + ".py", False),
        ):
            if os.path.isfile(location):
                loader = Loader(fullname, location)
                spec = ModuleSpec(fullname, loader, origin=location, is_package=is_package)
                spec.has_location = True
                if spec.submodule_search_locations is not None:
                    spec.submodule_search_locations.append(base)
                return spec
        return None

    def _standard_spec(self, fullname: str) -> "Any":
        """The spec of a standard module for vivo; None where later finders have it for all.

        Raises ``ModuleNotFoundError`` for one that this Python lacks, as ``msvcrt`` on Unix: a file
        of the user's by that name is none.
        """
        if fullname in sys.builtin_module_names:
            return None
        if FrozenImporter.find_spec(fullname) is not None:
            return None
        path = [*self.standard, *self.others]
        spec = PathFinder.find_spec(fullname, path)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return spec


def _is_for_vivo(frame: "FrameType | None") -> bool:
    """Whether an import is a line of vivo's, or of the standard library on its way there.

    A module that is named at run time (``import_module``, ``find_spec``) is the user's choice.
    """
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        package = name.partition(".")[0]
        if package == "vivo":
            return True
        if package == "importlib" and name not in _MACHINERY:
            return False
        if package not in sys.stdlib_module_names:
            return False
        frame = frame.f_back
    return False


def told_cache(descriptor: int) -> "str | None":
    """The folder for bytecode: what the keeper says first, when it knows."""
    size = int.from_bytes(_exactly(descriptor, 4), "big")
    return os.fsdecode(_exactly(descriptor, size)) or None


def _exactly(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(descriptor, size - len(data))
        if not piece:
            sys.exit(0)  # the keeper is gone
        data += piece
    return data


def start() -> None:
    """Start the engine on the two sockets that the command line names."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.realpath(sys.path[0] or ".") == os.path.realpath(here):
        del sys.path[0]  # the script's own folder: its modules are none of the user's
    sockets = int(sys.argv[1]), int(sys.argv[2])
    offer(os.path.dirname(os.path.dirname(here)))
    serve(*sockets)


def offer(root: str) -> None:
    """Make ``vivo``, whose folder that is, importable."""
    sys.meta_path.insert(0, Finder(root))


def serve(main_socket: int, lane_socket: int) -> None:
    """Be the engine on these sockets, until it ends."""
    sys.argv[:] = [""]
    gc.disable()  # what a start makes stays; the engine collects from its first cell on
    Loader.cache = told_cache(main_socket)
    # By name: a script is in no package, so there is nothing to import relative to.
    importlib.import_module("vivo.parallel.engine.main").run(main_socket, lane_socket)


if __name__ == "__main__":
    start()
