"""The registry of magics, and the decorator that makes a function one.

Rules:

1. A magic is a function of one :class:`MagicCall`; its docstring is its help, its options
   are declared beside it.
2. A name that is not known is one sentence with the nearest known names.
3. What a user registers may replace a magic of ours; the last registration counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import UsageError, nearest
from .options import Option, options_help, parse_options, split_words

if TYPE_CHECKING:
    from types import FrameType

    from ..shell import Shell

__all__ = ["Magic", "MagicCall", "MagicRegistry", "Option", "magic"]

KINDS = ("line", "cell")


class MagicCall:
    """One call of a magic."""

    def __init__(
        self,
        shell: Shell,
        name: str,
        line: str,
        cell: str | None = None,
        *,
        frame: FrameType | None = None,
    ) -> None:
        self.shell = shell
        self.name = name
        self.line = line
        """The text after the name, variables expanded if the magic wants them."""
        self.cell = cell
        """The body of a cell magic; None for a line magic."""
        self.options = SimpleNamespace()
        self.arguments = ""
        """The text after the options."""
        self.frame = frame
        """The user's frame that made the call: its locals, file and line."""

    @property
    def words(self) -> list[str]:
        """The arguments, split as a shell splits them."""
        return split_words(self.arguments)


MagicFunction = Callable[[MagicCall], Any]


class Magic(NamedTuple):
    """A registered magic."""

    name: str
    function: MagicFunction
    kinds: tuple[str, ...]
    options: tuple[Option, ...]
    expands: bool
    """Whether ``$name`` and ``{expression}`` in its line are replaced by values."""
    interspersed: bool = False
    """Whether options may stand behind other words."""
    arguments: str = ""
    """What stands behind the options, for the usage line: ``FILE [ARGUMENT …]``."""
    cell_arguments: str | None = None
    """The same for the cell magic, where it differs from the line magic."""
    passes_letters: bool = False
    """Whether an unknown ``-x`` is a word for the program that it runs."""

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return self.documentation.split("\n")[0]

    @property
    def documentation(self) -> str:
        """What it does, as its docstring tells it."""
        return _dedent(self.function.__doc__ or "")

    @property
    def usage(self) -> str:
        """How it is called: a line for each of its kinds."""
        lines = []
        for kind in self.kinds:
            is_cell = kind == "cell"
            own = self.cell_arguments if is_cell and self.cell_arguments is not None else None
            words = [("%%" if is_cell else "%") + self.name]
            words += ["[options]"] if self.options else []
            words += filter(None, [self.arguments if own is None else own])
            lines.append(" ".join(words))
        return "\n".join(lines)

    def help(self) -> str:
        """How it is called, what it does, and its options."""
        parts = [self.usage, self.documentation]
        if self.options:
            parts.append("Options:\n" + options_help(self.options))
        return "\n\n".join(part for part in parts if part)


def magic(
    name: str,
    *,
    kinds: tuple[str, ...] = ("line",),
    options: tuple[Option, ...] = (),
    expands: bool = True,
    interspersed: bool = False,
    arguments: str = "",
    cell_arguments: str | None = None,
    passes_letters: bool = False,
    also: tuple[str, ...] = (),
) -> Callable[[MagicFunction], MagicFunction]:
    """Mark a function as a magic; :meth:`MagicRegistry.add_group` finds it by that mark.

    ``arguments`` is what the usage line shows behind the options; ``cell_arguments`` the same for
    the cell magic, where it differs; with ``passes_letters`` an unknown ``-x`` is an argument;
    ``also`` are other names of it.
    """

    def mark(function: MagicFunction) -> MagicFunction:
        marks: list[Magic] = getattr(function, "__magics__", [])
        marks += [
            Magic(
                each,
                function,
                kinds,
                options,
                expands,
                interspersed,
                arguments,
                cell_arguments,
                passes_letters,
            )
            for each in (name, *also)
        ]
        function.__magics__ = marks  # type: ignore[attr-defined]
        return function

    return mark


class MagicRegistry:
    """The magics of a shell, by name and kind."""

    def __init__(self) -> None:
        self._magics: dict[str, dict[str, Magic]] = {kind: {} for kind in KINDS}
        self.automagic = True

    def add(self, entry: Magic | MagicFunction) -> None:
        """Register a magic, or a function that :func:`magic` has marked, for each of its kinds.

        Raises :class:`UsageError` for another function.
        """
        marked = [entry] if isinstance(entry, Magic) else getattr(entry, "__magics__", [])
        if not marked:
            raise UsageError(f"{entry!r} is no magic: decorate it with @magic(NAME).")
        for each in marked:
            for kind in each.kinds:
                self._magics[kind][each.name] = each

    def add_group(self, module: ModuleType) -> None:
        """Register every function of a module that is marked as a magic."""
        for value in tuple(vars(module).values()):
            for entry in getattr(value, "__magics__", ()):
                if getattr(value, "__module__", None) == module.__name__:
                    self.add(entry)

    def remove(self, name: str, kind: str = "line") -> None:
        """Forget a magic. Raises :class:`UsageError` if there is none of that name."""
        self.get(name, kind)
        del self._magics[kind][name]

    def names(self, kind: str = "line") -> list[str]:
        """The names of a kind, sorted."""
        return sorted(self._magics[kind])

    def __iter__(self) -> Iterator[Magic]:
        seen: dict[int, Magic] = {}
        for table in self._magics.values():
            for entry in table.values():
                seen[id(entry)] = entry
        return iter(sorted(seen.values(), key=lambda entry: entry.name))

    def find(self, name: str, kind: str = "line") -> Magic | None:
        """The magic of that name and kind, or None."""
        return self._magics[kind].get(name)

    def get(self, name: str, kind: str = "line") -> Magic:
        """The magic of that name and kind. Raises :class:`UsageError` with the nearest names."""
        entry = self.find(name, kind)
        if entry is None:
            raise UsageError(self._unknown(name, kind))
        return entry

    def _unknown(self, name: str, kind: str) -> str:
        prefix = "%" if kind == "line" else "%%"
        other = "cell" if kind == "line" else "line"
        if name in self._magics[other]:
            right = f"%%{name} as the first line of a cell" if other == "cell" else f"%{name}"
            return f"{prefix}{name} is no {kind} magic; it is a {other} magic: write {right}."
        near = nearest(name, self._magics[kind], count=3)
        hint = f"Did you mean {', '.join(prefix + word for word in near)}? " if near else ""
        return f"There is no magic {prefix}{name}. {hint}%lsmagic lists them all."

    def parse(self, entry: Magic, call: MagicCall) -> MagicCall:
        """Fill in the options and arguments of a call."""
        call.options, call.arguments = parse_options(
            entry.name,
            entry.options,
            call.line,
            interspersed=entry.interspersed,
            passes_letters=entry.passes_letters,
        )
        return call


def user_magic(name: str, function: Callable[..., Any], kind: str) -> Magic:
    """A magic made of a plain function of the user's: ``f(line)`` or ``f(line, cell)``."""
    kinds = KINDS if kind == "line_cell" else (kind,)

    def call_function(call: MagicCall) -> Any:
        if kind == "line":
            return function(call.line)
        if kind == "cell":
            return function(call.line, call.cell)
        return function(call.line) if call.cell is None else function(call.line, call.cell)

    call_function.__doc__ = function.__doc__
    call_function.__wrapped__ = function  # type: ignore[attr-defined]
    return Magic(name, call_function, kinds, (), expands=True)


def _dedent(text: str) -> str:
    lines = text.strip().split("\n")
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(margins, default=0)
    return "\n".join([lines[0], *(line[margin:].rstrip() for line in lines[1:])])


__all__ += ["UsageError", "user_magic"]
