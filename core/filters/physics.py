"""Physical quantities as one writes them: ``g = 9.8 m/s^2`` (paper, Fig. 7). Needs pint.

Rules:

1. A number and, on the same line, a unit make a quantity; ``*`` and ``/`` with further units, and
   powers, belong to it: ``9.8 m/s^2`` becomes ``Quantity(9.8, 'm/s**2')``.
2. Directly behind a number a name that pint knows is a unit: it could be nothing else. So it is in
   ``m/s``, without blanks; with blanks, as in ``3 kg * m``, only if no variable is called so.
3. Strings, comments and what is Python already stay as they are.
"""

from __future__ import annotations

import importlib
import keyword
import tokenize
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .tokens import Replacement, replaced, tokens_of

if TYPE_CHECKING:
    from ..shell import Shell


class PhysicsFilter:
    """The filter: ``is_unit`` says which names are units, ``is_variable`` which the user has."""

    def __init__(self, is_unit: Callable[[str], bool], is_variable: Callable[[str], bool]) -> None:
        self.is_unit = is_unit
        self.is_variable = is_variable

    def __call__(self, source: str) -> str:
        """The Python of a text with quantities."""
        tokens = tokens_of(source)
        found: list[Replacement] = []
        position = 0
        while position < len(tokens) - 1:
            number = tokens[position]
            end = self._unit_end(tokens, position + 1) if number.type == tokenize.NUMBER else 0
            if not end:
                position += 1
                continue
            unit = "".join(token.string for token in tokens[position + 1 : end]).replace("^", "**")
            text = f"Quantity({number.string}, {unit!r})"
            last = tokens[end - 1]
            found.append(Replacement(number.start[0], number.start[1], last.end[1], text))
            position = end
        return replaced(source, found)

    def _unit_end(self, tokens: list[tokenize.TokenInfo], start: int) -> int:
        """The index after the unit that begins at ``start``; 0 if none does."""
        line = tokens[start - 1].start[0]
        if not self._is_unit(tokens, start, line):
            return 0
        end = self._power(tokens, start + 1, line)
        while (
            end + 1 < len(tokens)
            and tokens[end].string in ("*", "/")
            and self._is_unit(tokens, end + 1, line)
            and not self._means_a_variable(tokens, end + 1)
        ):
            end = self._power(tokens, end + 2, line)
        return end

    def _is_unit(self, tokens: list[tokenize.TokenInfo], index: int, line: int) -> bool:
        if index >= len(tokens):
            return False
        token = tokens[index]
        return (
            token.type == tokenize.NAME
            and token.start[0] == line
            and not keyword.iskeyword(token.string)
            and self.is_unit(token.string)
        )

    def _means_a_variable(self, tokens: list[tokenize.TokenInfo], index: int) -> bool:
        """Whether the name at ``index``, behind an operator, is the user's and no unit."""
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if after is not None and after.string in ("(", "[", "."):
            return True
        operator = tokens[index - 1]
        is_close = tokens[index - 2].end == operator.start and operator.end == tokens[index].start
        return not is_close and self.is_variable(tokens[index].string)

    @staticmethod
    def _power(tokens: list[tokenize.TokenInfo], index: int, line: int) -> int:
        """The index after a power, if one stands here."""
        if index >= len(tokens) or tokens[index].string not in ("^", "**"):
            return index
        after = index + 1
        if after < len(tokens) and tokens[after].string == "-":
            after += 1
        if after < len(tokens) and tokens[after].type == tokenize.NUMBER:
            return after + 1
        return index


def install(shell: Shell) -> None:
    """Make a shell read quantities. Raises :class:`UsageError` without pint."""
    try:
        pint: Any = importlib.import_module("pint")
    except ImportError:
        raise UsageError(
            "pint is not installed in the session's interpreter: run %pip install pint."
        ) from None
    registry: Any = pint.UnitRegistry()
    registry.formatter.default_format = "~P"
    pint.set_application_registry(registry)
    namespace = shell.namespace
    own = {"Quantity": registry.Quantity, "units": registry}

    def plain(quantity: Any) -> str:
        return rendered(quantity, "P")

    def rendered(quantity: Any, kind: str) -> str:
        # Twelve digits: 3 kg times 9.8 m/s² is 29.4, and not 29.400000000000002.
        digits = ".12g" if isinstance(quantity.magnitude, float) else ""
        return f"{quantity:{digits}~{kind}}"

    def is_unit(name: str) -> bool:
        try:
            return not name.startswith("_") and name in registry
        except Exception:  # noqa: BLE001 - what pint cannot even look for is no unit
            return False

    namespace.update(own)
    shell._reserved.update(own)
    register = shell.formatters.register
    register("text/plain", registry.Quantity, plain)
    register("text/html", registry.Quantity, lambda quantity: rendered(quantity, "H"))
    register("text/latex", registry.Quantity, lambda quantity: f"${rendered(quantity, 'L')}$")
    shell.transformer.filters.append(PhysicsFilter(is_unit, lambda name: name in namespace))
