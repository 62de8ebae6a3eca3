"""The names of a module, read from its file: an answer while jedi is not ready yet.

Rules:

1. Only what the text leaves no doubt of: a name that an import binds and nothing else does, and
   modules whose files are found. All else is jedi's.
2. Files are read and parsed, never imported.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from .environments import environment_of

_LARGEST = 2_000_000  # bytes of a module's file
_MAXIMUM_STARS = 3  # how far `from x import *` is followed
_SUFFIXES = (".pyi", ".py")
_ALIAS = r"(?:[ \t]+as[ \t]+(?P<alias>\w+))?[ \t]*(?:#.*)?$"
_IMPORT = re.compile(rf"^import[ \t]+(?P<module>[\w.]+){_ALIAS}", re.MULTILINE)
_FROM = re.compile(
    rf"^from[ \t]+(?P<package>[\w.]+)[ \t]+import[ \t]+(?P<name>\w+){_ALIAS}", re.MULTILINE
)


_BINDS = re.compile(r"\b(?:def|class|for|as|import|global|nonlocal|del|lambda|case)\b|:=")


class Module(NamedTuple):
    """Where a module's text is."""

    file: Path
    is_package: bool


def members(asked: dict[str, Any], text: str) -> list[tuple[str, str]] | None:
    """The names behind ``asked["owner"]``, a chain as ``np.linalg``, with their kinds.

    None where that is no module that the text names beyond doubt (rule 1).
    """
    root, *parts = asked["owner"].split(".")
    bound = _module_bound_to(root, text)
    if bound is None:
        return None
    known = environment_of(asked["python"])
    near = [str(Path(asked["path"]).parent)] if asked.get("path") else []
    folders = tuple(dict.fromkeys([*near, asked.get("folder") or "/", *known.folders]))
    module = find_module(".".join([bound, *parts]), folders)
    if module is None:
        return None
    found = dict(_names(module, folders, _MAXIMUM_STARS))
    if module.is_package:
        for name in _submodules(module.file.parent):
            found.setdefault(name, "module")
    return sorted(found.items()) or None


def _module_bound_to(name: str, text: str) -> str | None:
    """The module that an import of the text binds to a name; None if something else may."""
    modules = set()
    lines = set()
    for match in _IMPORT.finditer(text):
        bound = match["alias"] or match["module"].split(".")[0]
        if bound == name:
            modules.add(match["module"] if match["alias"] else bound)
            lines.add(match.start())
    for match in _FROM.finditer(text):
        if (match["alias"] or match["name"]) == name and not match["package"].startswith("."):
            modules.add(f"{match['package']}.{match['name']}")
            lines.add(match.start())
    if len(modules) != 1 or _may_be_bound(name, text, lines):
        return None
    return modules.pop()


def _may_be_bound(name: str, text: str, imports: set[int]) -> bool:
    """Whether lines other than some imports, told by their starts, may bind a name."""
    for match in re.finditer(rf"(?<![.\w]){re.escape(name)}\b(?![ \t]*[.\[(])", text):
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        line = text[start : end if end >= 0 else len(text)]
        after = text[match.end() : match.end() + 20].lstrip(" \t")
        is_assigned = after.startswith((":", ",")) or (after[:1] == "=" and after[:2] != "==")
        if start not in imports and (is_assigned or line.strip() == name or _BINDS.search(line)):
            return True
    return False


@lru_cache(maxsize=256)
def find_module(dotted: str, folders: tuple[str, ...]) -> Module | None:
    """The file of a module, as Python looks for it; None where there is none to read."""
    first, *rest = dotted.split(".")
    for folder in folders:
        found = _in_folder(Path(folder), first)
        for part in rest:
            if found is None or not found.is_package:
                found = None
                break
            found = _in_folder(found.file.parent, part)
        if found is not None:
            return found
    return None


def _in_folder(folder: Path, name: str) -> Module | None:
    for suffix in _SUFFIXES:
        for file, is_package in (
            (folder / name / f"__init__{suffix}", True),
            (folder / f"{name}{suffix}", False),
        ):
            if file.is_file():
                return Module(file, is_package)
    return None


def _submodules(folder: Path) -> list[str]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    names = [each.stem for each in entries if each.suffix in _SUFFIXES]
    names += [
        each.name for each in entries if any((each / f"__init__{s}").is_file() for s in _SUFFIXES)
    ]
    return [
        name for name in dict.fromkeys(names) if name.isidentifier() and not name.startswith("_")
    ]


@lru_cache(maxsize=64)
def _tree(file: Path, changed: float) -> ast.Module | None:
    try:
        if file.stat().st_size > _LARGEST:
            return None
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _names(module: Module, folders: tuple[str, ...], stars: int) -> list[tuple[str, str]]:
    try:
        tree = _tree(module.file, module.file.stat().st_mtime)
    except OSError:
        tree = None
    if tree is None:
        return []
    collected = _Names(module, folders, stars)
    collected.take(tree.body)
    exported = collected.exported
    return [
        (name, kind)
        for name, kind in collected.found.items()
        if name in exported or not name.startswith("_") or name.startswith("__")
    ]


class _Names:
    """The names that the top level of a module binds."""

    def __init__(self, module: Module, folders: tuple[str, ...], stars: int) -> None:
        self._module, self._folders, self._stars = module, folders, stars
        self._is_stub = module.file.suffix == ".pyi"
        self.found: dict[str, str] = {}
        self.exported: set[str] = set()

    def take(self, statements: list[ast.stmt]) -> None:
        for each in statements:
            match each:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.found[each.name] = "function"
                case ast.ClassDef():
                    self.found[each.name] = "class"
                case ast.Assign():
                    for target in each.targets:
                        self._bind(target, each.value)
                case ast.AnnAssign() | ast.AugAssign():
                    self._bind(each.target, each.value)
                case ast.Import():
                    self._imported(each.names, "module")
                case ast.ImportFrom():
                    self._from(each)
                case ast.If():
                    self.take(each.body)
                    self.take(each.orelse)
                case ast.Try():
                    self.take(each.body)
                    for handler in each.handlers:
                        self.take(handler.body)
                case _:
                    pass
        if self._is_stub:  # a name that a stub imports is its own only if it says so
            for name in self.exported:
                self.found.setdefault(name, "")

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._bind(part, None)
        elif isinstance(target, ast.Name):
            if target.id == "__all__" and isinstance(value, ast.List | ast.Tuple):
                texts = (each.value for each in value.elts if isinstance(each, ast.Constant))
                self.exported.update(text for text in texts if isinstance(text, str))
            self.found.setdefault(target.id, "instance")

    def _imported(self, names: list[ast.alias], kind: str) -> None:
        for alias in names:
            if not self._is_stub or alias.asname == alias.name:
                self.found[alias.asname or alias.name.split(".")[0]] = kind

    def _from(self, statement: ast.ImportFrom) -> None:
        if [alias.name for alias in statement.names] != ["*"]:
            self._imported(statement.names, "")
            return
        if self._stars and (module := self._named_by(statement)) is not None:
            for name, kind in _names(module, self._folders, self._stars - 1):
                if not name.startswith("_"):
                    self.found.setdefault(name, kind)

    def _named_by(self, statement: ast.ImportFrom) -> Module | None:
        if not statement.level:
            return find_module(statement.module or "", self._folders)
        folder = self._module.file.parent
        for _ in range(statement.level - 1):
            folder = folder.parent
        if not statement.module:
            return _in_folder(folder.parent, folder.name)
        return find_module(statement.module, (str(folder),))
