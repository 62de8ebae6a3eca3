"""Python values in shell commands and magic lines: ``$name``, ``${expr}``, ``{expr}``, ``$$``.

What cannot be evaluated stays as it is: ``$HOME``, ``${PATH}`` and ``{a,b}`` belong to the shell.
``$$`` is a dollar sign for the shell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .execution import call_user_code

_REFERENCE = r"""(?x) \$\$
      | \$\{(?P<dollar>[^{}]+)\}
      | \$(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*|\[-?\w+\])*)
      | \{(?P<braces>(?:[^{}]|\{[^{}]*\})*)\}"""


def expand(text: str, namespace: Mapping[str, Any], local: Mapping[str, Any] | None = None) -> str:
    """The text with the values of what it names. Never raises for what it cannot evaluate."""
    if "$" not in text and "{" not in text:
        return text
    names = {**namespace, **local} if local else dict(namespace)

    def value(match: re.Match[str]) -> str:
        whole = match[0]
        if whole == "$$":
            return "$"
        expression = match["dollar"] or match["name"] or match["braces"]
        if not expression or not expression.strip():
            return whole
        if match["braces"] and expression.startswith("{"):
            return inside(expression)
        root = re.match(r"\s*([^\W\d]\w*)", expression)
        if match["name"] and root is not None and root[1] not in names:
            return whole
        try:
            code = compile(expression.strip(), "<expansion>", "eval")
            return str(call_user_code(eval, code, names))
        except Exception:  # noqa: BLE001 - not Python's after all: the shell's own
            return inside(expression) if match["braces"] else whole

    def inside(braces: str) -> str:
        # The outer pair is the shell's; an inner one, or a $name, may still be Python's.
        return f"{{{re.sub(_REFERENCE, value, braces)}}}"

    return re.sub(_REFERENCE, value, text)
