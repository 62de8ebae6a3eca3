"""Old functions and classes get the new text's behaviour, and stay the objects they are."""

from __future__ import annotations

from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any


class Patcher:
    """Patches what one module's old text has made after what its new text has made."""

    def __init__(self, module: str, names: dict[str, Any]) -> None:
        self.module = module
        self._names = names
        self.notes: list[str] = []

    def reconcile(self, old: Any, new: Any, where: str) -> Any:
        """Patch ``old`` after ``new``; what is to stand under the name from now on."""
        if old is new:
            return new
        if type(old) is FunctionType and type(new) is FunctionType:
            return self._function(old, new)
        if issubclass(type(old), type) and issubclass(type(new), type):
            return self._class(old, new, where)
        return new

    def _function(self, old: FunctionType, new: FunctionType) -> Any:
        if old.__globals__ is not self._names or len(old.__closure__ or ()) != len(
            new.__closure__ or ()
        ):
            return new
        old.__code__ = new.__code__
        old.__defaults__ = new.__defaults__
        old.__kwdefaults__ = new.__kwdefaults__
        old.__doc__ = new.__doc__
        old.__annotations__ = new.__annotations__
        old.__dict__.clear()
        old.__dict__.update(new.__dict__)
        return old

    def _class(self, old: Any, new: Any, where: str) -> Any:
        if old.__module__ != self.module or new.__module__ != self.module:
            return new
        held, made = dict(type.__getattribute__(old, "__dict__")), dict(new.__dict__)
        for name in held.keys() - made.keys():
            type.__delattr__(old, name)
        for name, value in made.items():
            if type(value) in (GetSetDescriptorType, MemberDescriptorType):
                continue
            if name in held:
                value = self.reconcile(held[name], value, f"{where}.{name}")  # noqa: PLW2901
            type.__setattr__(old, name, value)
            for cell in getattr(value, "__closure__", None) or ():
                if cell.cell_contents is new:
                    cell.cell_contents = old
        return old
