"""Batch scripts from templates that a site can edit. Pure, but for reading a template's file.

``@word@`` stands for an option; a line that names one that was not given is left out, so that a
template can name all there are. Rules:

1. What is filled in stays one line, and where the shell reads it one word: no option becomes a
   command.
2. An option that no line of the template names is refused: it would have no effect.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs

from ...errors import SessionError

_WORD = re.compile(r"@([a-z_]+)@")
_OURS = {"name", "count", "log", "program"}
_FOLDER = Path(__file__).resolve().with_name("templates")


def own_template(system: str) -> Path:
    """Where a user's or a site's own template of a system is looked for."""
    return Path(platformdirs.user_config_dir("vivo", appauthor=False)) / f"{system}.sh"


def template_of(system: str, named: str = "") -> str:
    """The template of a system: the one named, the user's own, a site's, or vivo's.

    Raises :class:`SessionError` if one that is named cannot be read.
    """
    site = Path(platformdirs.site_config_dir("vivo", appauthor=False)) / f"{system}.sh"
    given = [Path(named).expanduser()] if named else [own_template(system), site]
    for path in given:
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            if named or path.exists():
                raise SessionError(
                    f"The template {path} of batch scripts cannot be read: {error}."
                ) from None
    return (_FOLDER / f"{system}.sh").read_text("utf-8")


def render(template: str, told: Mapping[str, object], program: Sequence[str]) -> str:
    """The batch script. Raises :class:`SessionError` for options that it cannot hold."""
    values = {key: str(value) for key, value in told.items() if value not in (None, "")}
    for key, value in values.items():
        if not value.isprintable():
            raise SessionError(f"The option {key} has {value!r}: give one line of text.")
    named = set(_WORD.findall(template))
    unknown = ", ".join(sorted(set(values) - named - _OURS))
    if unknown:
        known = ", ".join(sorted(named - _OURS))
        raise SessionError(f"The batch script's template has no {unknown}: it has {known}.")
    values["program"] = shlex.join(program)
    lines = []
    for line in template.splitlines():
        words = _WORD.findall(line)
        if all(word in values for word in words):
            is_shell = not line.startswith("#")
            lines.append(_WORD.sub(lambda m: _filled(m[1], values, is_shell), line))  # noqa: B023
        elif "program" in words:
            missing = ", ".join(word for word in words if word not in values)
            raise SessionError(f"The batch script needs {missing}, to start the engines with it.")
    if "program" not in named:
        raise SessionError("The batch script's template starts nothing: it must name @program@.")
    return "\n".join(lines) + "\n"


def _filled(word: str, values: Mapping[str, str], is_shell: bool) -> str:
    value = values[word]
    return shlex.quote(value) if is_shell and word != "program" else value
