"""What jedi tells of a text.

Rules:

1. jedi starts no interpreter: it works in this process (``InterpreterEnvironment``), with the
   folders that :mod:`.environments` read from the disk. Extension modules are loaded from vivo's
   own environment alone, never from the user's or a workspace's.
2. Columns are characters, lines 0-based; of other files each place comes with its line's text.
"""

from __future__ import annotations

import itertools
import keyword
import re
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import jedi  # type: ignore[import-untyped]
from jedi.api.environment import InterpreterEnvironment  # type: ignore[import-untyped]

from .environments import environment_of
from .plain_python import plain_python
from .process import Answer, Follow
from .searching import Search, searched

jedi.settings.auto_import_modules = []  # it would import what is named here (rule 1)

_TYPE_SECONDS = 0.02
"""How long the kinds of completions may be looked for; the others are shown without."""
_MAXIMUM_COMPLETIONS = 2000
_MAXIMUM_PLACES = 5000
_KEPT = 4
_MAXIMUM_WARMED = 20
_BUILT_IN = "text = ''\ntext."
_IMPORT = re.compile(
    r"^(?:import[ \t]+(?P<module>[\w.]+)(?:[ \t]+as[ \t]+(?P<alias>\w+))?"
    r"|from[ \t]+(?P<package>[\w.]+)[ \t]+import[ \t]+(?P<name>\w+)(?:[ \t]+as[ \t]+(?P<as>\w+))?)",
    re.MULTILINE,
)


class _Environment(InterpreterEnvironment):  # type: ignore[misc]
    """This process, reading code as another version of Python does where parso knows it."""

    def __init__(self, version: tuple[int, int]) -> None:
        super().__init__()
        self.version_info: Any
        if (3, 6) <= version <= (3, 14):
            self.version_info = type(self.version_info)(*version, 0)


class JediAnswers:
    """The answers, by method."""

    def __init__(self) -> None:
        self._environments: dict[str, tuple[Any, Any]] = {}
        self._completions: OrderedDict[int, list[Any]] = OrderedDict()
        """The latest completions, whose documentation may be asked for."""
        self._numbers = itertools.count(1)
        self.answers: dict[str, Answer] = {
            "warm": self.warm,
            "warm_import": self.warm_import,
            "complete": self.complete,
            "resolve": self.resolve,
            "hover": self.hover,
            "signatures": self.signatures,
            "definition": self.definition,
            "type_definition": self.type_definition,
            "references": self.references,
            "highlights": self.highlights,
        }

    def _script(self, asked: dict[str, Any], text: str) -> Any:
        folder, python = asked.get("folder") or "/", asked["python"]
        key = f"{python}\n{folder}"
        if key not in self._environments:
            known = environment_of(python)
            project = jedi.Project(folder, sys_path=list(known.folders))
            self._environments[key] = project, _Environment(known.version)
        project, environment = self._environments[key]
        code = plain_python(text, line=asked.get("line"))
        return jedi.Script(code, path=asked.get("path"), project=project, environment=environment)

    @staticmethod
    def _place(asked: dict[str, Any]) -> tuple[int, int]:
        return asked["line"] + 1, asked["column"]

    # --- Warming ---------------------------------------------------------------------------

    def warm(self, asked: dict[str, Any], text: str) -> Follow:
        """Have the modules that a document imports parsed before somebody asks."""
        lines: list[dict[str, Any]] = [{"method": "warm_import", "code": _BUILT_IN}]
        for match in itertools.islice(_IMPORT.finditer(text), _MAXIMUM_WARMED):
            bound = match["alias"] or match["as"] or match["name"] or match["module"]
            code = f"{match[0]}\n{bound}."
            lines.append({"method": "warm_import", "code": code})
        return Follow(lines)

    def warm_import(self, asked: dict[str, Any], text: str) -> None:
        """One import: its members, and their kinds."""
        code = asked["code"]
        column = len(code.rpartition("\n")[2])
        script = self._script({**asked, "path": None, "line": None}, code)
        for each in script.complete(2, column)[:_MAXIMUM_COMPLETIONS]:
            _ = each.name

    # --- Completion ------------------------------------------------------------------------

    def complete(self, asked: dict[str, Any], text: str) -> dict[str, Any]:
        """The completions at a place, and under which number their documentation is asked for."""
        found = self._script(asked, text).complete(*self._place(asked))[:_MAXIMUM_COMPLETIONS]
        number = next(self._numbers)
        self._completions[number] = found
        while len(self._completions) > _KEPT:
            self._completions.popitem(last=False)
        until = time.monotonic() + _TYPE_SECONDS
        items = [
            [
                each.name_with_symbols,
                each.type if time.monotonic() < until else "",
                each.get_completion_prefix_length(),
            ]
            for each in found
        ]
        return {"number": number, "items": items}

    def resolve(self, asked: dict[str, Any], text: str) -> dict[str, Any] | None:
        """The documentation of a completion."""
        found = self._completions.get(asked["number"])
        if found is None or not 0 <= asked["index"] < len(found):
            return None
        each = found[asked["index"]]
        signatures = [one.to_string() for one in each.get_signatures()[:5]]
        return {
            "type": each.type,
            "signatures": signatures,
            "docstring": each.docstring(raw=True),
            "description": each.description,
        }

    # --- One name --------------------------------------------------------------------------

    def hover(self, asked: dict[str, Any], text: str) -> dict[str, Any] | None:
        """What is known of the name at a place."""
        script = self._script(asked, text)
        place = self._place(asked)
        names = script.goto(*place, follow_imports=True) or script.help(*place)
        if not names:
            return None
        name = names[0]
        kinds = [each.name for each in script.infer(*place)]
        title = name.description
        signatures = [one.to_string() for one in name.get_signatures()[:5]]
        if signatures and name.type in ("function", "class"):
            title = "\n".join(f"{_WORDS[name.type]} {one}" for one in signatures)
        elif name.type in ("statement", "instance", "param"):
            title = f"{name.name}: {' | '.join(dict.fromkeys(kinds))}" if kinds else name.name
        elif name.type == "module":
            title = f"module {name.full_name or name.name}"
        docstring = name.docstring(raw=True)
        if not docstring and name.type in ("statement", "instance", "param"):
            docstring = next((each.docstring(raw=True) for each in script.infer(*place)), "")
        return {
            "name": name.name,
            "type": name.type,
            "title": title,
            "types": kinds,
            "full_name": name.full_name,
            "docstring": docstring,
            "path": str(name.module_path) if name.module_path else None,
            "line": name.line,
        }

    def signatures(self, asked: dict[str, Any], text: str) -> list[dict[str, Any]]:
        """The signatures of the call that a place is in."""
        found = self._script(asked, text).get_signatures(*self._place(asked))
        return [
            {
                "label": each.to_string(),
                "docstring": each.docstring(raw=True),
            }
            for each in found[:20]
        ]

    # --- Places ----------------------------------------------------------------------------

    def definition(self, asked: dict[str, Any], text: str) -> list[dict[str, Any]]:
        """Where the name at a place is defined."""
        script = self._script(asked, text)
        return _places(script.goto(*self._place(asked), follow_imports=True), text)

    def type_definition(self, asked: dict[str, Any], text: str) -> list[dict[str, Any]]:
        """Where the class of the value at a place is defined."""
        return _places(self._script(asked, text).infer(*self._place(asked)), text)

    def references(self, asked: dict[str, Any], text: str) -> dict[str, Any]:
        """Everywhere that the name at a place is used, in the project too.

        ``asked["seconds"]``: how long its files may be looked into.
        """
        script, place = self._script(asked, text), self._place(asked)
        search = Search(asked["seconds"], asked["is_cancelled"])
        found = searched(search, lambda: script.get_references(*place, include_builtins=False))
        return {
            "places": _places(found, text),
            "files": search.files,
            "is_cut": search.is_cut or len(found) > _MAXIMUM_PLACES,
        }

    def highlights(self, asked: dict[str, Any], text: str) -> list[dict[str, Any]]:
        """Where the name at a place is used in this file."""
        script = self._script(asked, text)
        found = script.get_references(*self._place(asked), scope="file", include_builtins=False)
        own = asked.get("path")
        return [
            place
            for place in _places(found, text)
            if place["path"] is None or own is None or place["path"] == own
        ]


_WORDS = {"function": "def", "class": "class"}


def _places(names: list[Any], text: str) -> list[dict[str, Any]]:
    """Names as places: file, line, column, and the text of a line of another file."""
    lines_of: dict[str | None, list[str]] = {}
    found = []
    for name in names[:_MAXIMUM_PLACES]:
        if name.line is None or keyword.iskeyword(name.name):
            continue
        path = str(name.module_path) if name.module_path else None
        if path not in lines_of:
            lines_of[path] = _lines(path)
        lines = lines_of[path]
        found.append(
            {
                "path": path,
                "name": name.name,
                "line": name.line - 1,
                "column": name.column,
                "is_definition": name.is_definition(),
                "text": lines[name.line - 1] if name.line <= len(lines) else "",
            }
        )
    return found


def _lines(path: str | None) -> list[str]:
    if path is None:
        return []
    try:
        return Path(path).read_text("utf-8", errors="replace").split("\n")
    except OSError:
        return []
