"""The finder that serves ``IPython`` where no other finder finds it, and the modules it makes.

Rules:

1. It stands at the end of ``sys.meta_path``: an installed IPython comes first.
2. A module it serves holds no code: a name is looked up in :mod:`.names` when it is asked
   for, and what implements it is imported then.
"""

from __future__ import annotations

import importlib
import importlib.machinery
from types import ModuleType
from typing import Any

from .names import MODULES

_ORIGIN = "vivo"


class ShimFinder:  # a finder by what it does: importlib.abc costs a tenth of a shell's start
    """Finds the modules that :data:`~vivo.core.shim.names.MODULES` lists."""

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a served module, or None."""
        if fullname not in MODULES:
            return None
        prefix = fullname + "."
        return importlib.machinery.ModuleSpec(
            fullname,
            ShimLoader(),  # type: ignore[arg-type]
            origin=_ORIGIN,
            is_package=any(name.startswith(prefix) for name in MODULES),
        )


class ShimLoader:
    """Fills a served module."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Nothing: an ordinary module will do."""

    def exec_module(self, module: ModuleType) -> None:
        """Give a module its names, to be looked up when asked for."""
        name = module.__name__
        places = places_of(name)
        parts = [other[len(name) + 1 :] for other in MODULES if other.startswith(name + ".")]
        children = {part for part in parts if "." not in part}
        module.__doc__ = f"{name}, as far as code in the wild uses it; served by vivo."
        module.__all__ = sorted(places)  # type: ignore[attr-defined]

        def look_up(attribute: str) -> Any:
            if attribute in places:
                value = getattr(importlib.import_module(places[attribute], __package__), attribute)
            elif attribute in children:
                value = importlib.import_module(f"{name}.{attribute}")
            else:
                raise AttributeError(
                    f"module {name!r} has no attribute {attribute!r}: vivo serves it without "
                    "IPython, and not all of it; `%pip install ipython` brings the whole"
                )
            setattr(module, attribute, value)
            return value

        module.__getattr__ = look_up  # type: ignore[method-assign]
        module.__dir__ = lambda: sorted({*vars(module), *places, *children})  # type: ignore[method-assign]


def places_of(name: str) -> dict[str, str]:
    """The names of a served module, each with the module of ours that holds it."""
    return {
        attribute: place for place, names in MODULES[name].items() for attribute in names.split()
    }


def is_served(module: ModuleType | None) -> bool:
    """Whether a module is one of ours rather than an installed one."""
    return getattr(getattr(module, "__spec__", None), "origin", None) == _ORIGIN
