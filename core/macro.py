"""A macro: inputs under a name. Its name alone on a line runs them."""

from __future__ import annotations


class Macro:
    """Inputs that run again when their name is typed; two of them add up."""

    def __init__(self, text: str) -> None:
        self.value = text if text.endswith("\n") else text + "\n"

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"Macro({self.value!r})"

    def __add__(self, other: object) -> Macro:
        if isinstance(other, (Macro, str)):
            return Macro(self.value + str(other))
        return NotImplemented
