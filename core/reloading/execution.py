"""Run a module's text once more in the namespace it has."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib.machinery import SourceFileLoader
from opcode import opmap
from pathlib import Path
from types import CodeType
from typing import Any

from ..execution import call_user_code
from .watching import WatchedModule

KEPT_NAMES = frozenset(
    {
        *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__path__"),
        *("__file__", "__cached__", "__builtins__"),
    }
)
"""What the import system sets in a module, not its text."""

_DYNAMIC = frozenset({"globals", "vars", "exec", "modules"})
"""Ways to set names of a module that leave no trace in its code."""
_STORE_GLOBAL = opmap["STORE_GLOBAL"]


class _Recorder(MutableMapping[str, Any]):
    """A module's namespace as its text runs: it notes which names the text defines."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self.defined: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        return self._names[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._names[name] = value
        self.defined.add(name)

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        self.defined.discard(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def run_again(watched: WatchedModule) -> set[str] | None:
    """Run a module's text as its file is now; the names that it defined, None if unknown.

    Raises whatever the text raises.
    """
    names = watched.names
    loader = names.get("__loader__")
    own = getattr(type(loader), "exec_module", None)
    if own is not SourceFileLoader.exec_module and own is not None:
        call_user_code(loader.exec_module, watched.module)  # type: ignore[union-attr]
        return None  # a loader of another kind (an import hook) does it its own way
    source = Path(watched.path).read_bytes()
    compiler = loader if own is not None else SourceFileLoader(watched.name, watched.path)
    code = compiler.source_to_code(source, watched.path)  # type: ignore[union-attr]
    names.pop("__annotations__", None)
    names["__doc__"] = None
    recorder = _Recorder(names)
    call_user_code(exec, code, names, recorder)
    behind = _defined_behind(code)
    return None if behind is None else recorder.defined | behind


def _defined_behind(code: CodeType) -> set[str] | None:
    """Names that functions of a text may set in its module; None if they may set any."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        each = waiting.pop()
        if not _DYNAMIC.isdisjoint(each.co_names):
            return None
        if _STORE_GLOBAL in each.co_code[::2]:
            found.update(each.co_names)  # too many is no harm
        waiting += [constant for constant in each.co_consts if type(constant) is CodeType]
    return found


def why_failed(watched: WatchedModule, error: BaseException) -> str:
    """One sentence for what a module's text raised: its file, its line, the error."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == watched.path:
            line = trace.tb_lineno
        trace = trace.tb_next
    text = ""
    if isinstance(error, SyntaxError) and error.filename == watched.path:
        line, text = error.lineno or 0, error.msg
    if not text:
        try:
            text = str(error)
        except Exception:  # noqa: BLE001 - the user's own __str__
            text = "its text cannot be shown"
    place = f"{watched.path}, line {line}" if line else watched.path
    return (
        f"{watched.name} could not be reloaded: {place}: {type(error).__name__}: {text}. "
        "The session goes on with the code it had, and tries again when the file changes."
    )
