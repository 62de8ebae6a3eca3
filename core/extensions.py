"""Extensions: modules that change a shell, by ``load_ipython_extension(shell)``.

Rules:

1. An extension is loaded once; loading it again does nothing, and says so. Reloading runs its file
   as it is now.
2. One whose loading failed is not loaded: the next attempt begins with its file as it is then.
3. What an extension raises is its own error, with its own lines.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from .errors import UsageError
from .execution import call_user_code

if TYPE_CHECKING:
    from .shell import Shell

BUILT_IN = ("autoreload", "IPython.extensions.autoreload")
"""Extensions of IPython whose magics are always here."""


class Extensions:
    """The extensions of a shell."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.loaded: set[str] = set()
        self._failed: set[str] = set()

    def load(self, name: str) -> bool:
        """Load an extension; False if it is loaded already.

        Raises :class:`UsageError` for what is no extension, and what the extension raises.
        """
        if name in BUILT_IN or name in self.loaded:
            return False
        module = self._module(name)
        load = getattr(module, "load_ipython_extension", None)
        if load is None:
            raise UsageError(f"{name} has no load_ipython_extension: it is no extension.")
        self._failed.add(name)
        call_user_code(load, self._shell)
        self._failed.discard(name)
        self.loaded.add(name)
        return True

    def unload(self, name: str) -> None:
        """Unload an extension. Raises :class:`UsageError` if it is not loaded or cannot be."""
        if name in BUILT_IN:
            raise UsageError(f"{name} is a part of the shell: it cannot be unloaded.")
        if name not in self.loaded:
            there_are = f"; there are {', '.join(sorted(self.loaded))}" if self.loaded else ""
            raise UsageError(f"The extension {name} is not loaded{there_are}.")
        unload = getattr(sys.modules.get(name), "unload_ipython_extension", None)
        if unload is None:
            raise UsageError(f"{name} cannot be unloaded: it has no unload_ipython_extension.")
        call_user_code(unload, self._shell)
        self.loaded.discard(name)

    def reload(self, name: str) -> None:
        """Unload an extension if it can be, run its file again, load it."""
        if name in BUILT_IN:
            return
        module = sys.modules.get(name)
        if name in self.loaded and hasattr(module, "unload_ipython_extension"):
            self.unload(name)
        self.loaded.discard(name)
        if module is not None:
            self._failed.add(name)
        self.load(name)

    def _module(self, name: str) -> ModuleType:
        if name in self._failed and name in sys.modules:
            module = sys.modules[name]
            _run_again(module)
            return module
        importlib.invalidate_caches()  # the file may have been written a moment ago
        try:
            return call_user_code(importlib.import_module, name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            raise UsageError(f"There is no module {name} to load as an extension.") from None


def _run_again(module: ModuleType) -> None:
    """Run a module's file; two edits within a second are two, also for the cached bytecode."""
    loader, path = module.__loader__, module.__file__
    if type(loader) is SourceFileLoader and path is not None:
        code = loader.source_to_code(Path(path).read_bytes(), path)
        call_user_code(exec, code, module.__dict__)
    else:
        call_user_code(importlib.reload, module)
