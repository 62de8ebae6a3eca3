"""The script that the user's interpreter runs: makes ``vivo`` importable, and starts the engine.

Rules:

1. It puts nothing on ``sys.path``: a finder serves the package ``vivo`` alone, from where vivo is
   installed, so that the user's code can import nothing that is only vivo's.
2. It writes nothing into the user's environment: bytecode goes to a cache folder of vivo's.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from typing import Any


class Loader(importlib.machinery.SourceFileLoader):
    """Loads vivo's modules, with their bytecode in vivo's own cache."""

    cache: "str | None" = None

    def get_code(self, fullname: str) -> Any:
        """The module's code."""
        kept = sys.dont_write_bytecode, sys.pycache_prefix
        if self.cache:
            sys.dont_write_bytecode, sys.pycache_prefix = False, self.cache
        try:
            return super().get_code(fullname)
        finally:
            sys.dont_write_bytecode, sys.pycache_prefix = kept


class Finder(importlib.abc.MetaPathFinder):
    """Finds ``vivo`` and its modules, and nothing else."""

    def __init__(self, root: str) -> None:
        self.root = root

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """The spec of a module of vivo's, or None."""
        parts = fullname.split(".")
        if parts[0] != "vivo":
            return None
        base = os.path.join(self.root, *parts[1:])
        for location, is_package in (
            (os.path.join(base, "__init__.py"), True),
            (base + ".py", False),
        ):
            if os.path.isfile(location):
                return importlib.util.spec_from_file_location(
                    fullname,
                    location,
                    loader=Loader(fullname, location),
                    submodule_search_locations=[base] if is_package else None,
                )
        return None


def start() -> None:
    """Start the engine on the two sockets that the command line names."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0] or ".") == here:
        del sys.path[0]  # the script's own folder: its modules are none of the user's
    main_socket, lane_socket, cache = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    sys.argv[:] = [""]
    Loader.cache = cache or None
    sys.meta_path.insert(0, Finder(os.path.dirname(os.path.dirname(here))))
    # By name: a script is in no package, so there is nothing to import relative to.
    importlib.import_module("vivo.parallel.engine.main").run(main_socket, lane_socket)


if __name__ == "__main__":
    start()
