"""Values as short labels beside the code. Pure."""

from __future__ import annotations

MAXIMUM_LABEL = 43
"""VS Code cuts an inlay hint's label at 43 characters."""
ARROW = "⟶ "
STALE = "⟶ (stale) "


def one_line(text: str, limit: int) -> str:
    """A text on one line of at most ``limit`` characters, its white space folded."""
    folded = " ".join(text.split())
    return folded if len(folded) <= limit else folded[: max(1, limit - 1)] + "…"


def value_label(text: str, *, is_stale: bool = False, limit: int = MAXIMUM_LABEL) -> str:
    """What stands beside the code for a value."""
    prefix = STALE if is_stale else ARROW
    return prefix + one_line(text, limit - len(prefix))
