"""What pasted text carries and Python does not want: prompts, and a common indentation."""

from __future__ import annotations

import re

_PYTHON_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: |$)", re.MULTILINE)
_SHELL_PROMPT = re.compile(r"^[ \t]*(?:In \[\d*\]:|\s*\.{3,}:)(?: |$)", re.MULTILINE)


def has_shell_prompt(source: str) -> bool:
    """Whether a text begins with ``In [n]:``. That reads as an annotation, and nobody means one."""
    return source.lstrip().startswith("In [") and bool(_SHELL_PROMPT.match(source.lstrip()))


def strip_prompts(source: str) -> str:
    """Take ``>>>`` or ``In [n]:`` prompts off, if the first line that says anything has one."""
    first = next((line for line in source.splitlines() if line.strip()), "")
    for first_prompt, pattern in (
        (re.compile(r"^[ \t]*>>>(?: |$)"), _PYTHON_PROMPT),
        (re.compile(r"^[ \t]*In \[\d*\]:(?: |$)"), _SHELL_PROMPT),
    ):
        if first_prompt.match(first):
            return pattern.sub("", source)
    return source


def strip_indentation(source: str) -> str:
    """Take the indentation of the first line that says anything off every line that has it."""
    first = next((line for line in source.splitlines() if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return source
    return "".join(
        line[len(indent) :] if line.startswith(indent) else line
        for line in source.splitlines(keepends=True)
    )
