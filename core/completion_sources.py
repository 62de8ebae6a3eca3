"""Where completions come from that need no namespace: modules, files, shell words.

Nothing here imports a module that is not imported yet, and nothing waits on a slow disk for
long: listings are bounded.
"""

from __future__ import annotations

import inspect
import os
import pkgutil
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .definitions import is_class, signature_of
from .safe import UNKNOWN, attribute, attribute_names, safe_repr

if TYPE_CHECKING:
    from .completer import Completion

_MAXIMUM_ENTRIES = 5000
_LONGEST_KEY = 500  # characters
_LISTING_SECONDS = 0.3
_module_cache: dict[tuple[str, ...], tuple[float, list[str]]] = {}


def _completion(text: str, kind: str, detail: str = "") -> Completion:
    from .completer import Completion

    return Completion(text, kind, detail)


def is_inside_string_or_comment(line: str) -> bool:
    """Whether the end of a line stands inside a string or behind a comment's mark."""
    quote = ""
    escaped = False
    for character in line:
        if escaped:
            escaped = False
        elif quote:
            if character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "#":
            return True
    return bool(quote)


def open_call(before: str) -> int | None:
    """The position of the bracket that the end of a text is inside of, if it may be a call's."""
    depth = 0
    for position in range(len(before) - 1, max(-1, len(before) - 5000), -1):
        character = before[position]
        if character in ")]}":
            depth += 1
        elif character in "([{":
            if depth == 0:
                return position if character == "(" else None
            depth -= 1
    return None


def parameter_names(value: object) -> list[str]:
    """The names that a call of a value may give by keyword, read without user code."""
    signature = signature_of(value)
    if signature is None:
        return []
    parameters = list(signature.parameters.values())
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = [parameter.name for parameter in parameters if parameter.kind in kinds]
    return [name for name in names if name not in ("self", "cls")]


def key_completions(keys: list[Any], prefix: str, quote: str | None) -> list[Completion]:
    """The keys that begin as ``prefix`` does, quoted as the user quotes."""
    found = []
    for key in keys[:_MAXIMUM_ENTRIES]:
        text = safe_repr(key, _LONGEST_KEY)
        if text.endswith("…"):
            continue  # too long to be chosen
        if isinstance(key, str) and quote and quote[-1] != text[0] and quote[-1] not in key:
            text = f"{quote[-1]}{key}{quote[-1]}"
        if text.startswith(prefix):
            found.append(_completion(text, "key"))
    return found


def module_names(prefix: str) -> Iterator[Completion]:
    """Modules that ``import`` would find; after a dot, the members of the package."""
    package, _, last = prefix.rpartition(".")
    names = _submodules(package) if package else _top_level()
    for name in names:
        if name.startswith(last) and (last or not name.startswith("_")):
            yield _completion(name, "module")


def module_members(package: str, prefix: str) -> Iterator[Completion]:
    """What ``from package import`` may name: members of a loaded module, and submodules."""
    module = sys.modules.get(package)
    if module is not None:
        for name in attribute_names(module):
            if name.startswith(prefix) and (prefix or not name.startswith("_")):
                found = attribute(module, name)
                kind = "class" if is_class(found) else "instance"
                yield _completion(name, "instance" if found is UNKNOWN else kind)
    for name in _submodules(package):
        if name.startswith(prefix) and (prefix or not name.startswith("_")):
            yield _completion(name, "module")


def _top_level() -> list[str]:
    names = {*sys.builtin_module_names, *(name for name in sys.modules if "." not in name)}
    names.update(getattr(sys, "stdlib_module_names", ()))
    names.update(_listed(tuple(sys.path)))
    return sorted(names)


def _submodules(package: str) -> list[str]:
    module = sys.modules.get(package)
    if module is not None:
        found = attribute(module, "__path__")
        paths = tuple(found) if type(found) is list else ()
    else:
        folder = package.replace(".", os.sep)
        paths = tuple(os.path.join(entry or ".", folder) for entry in sys.path)  # noqa: PTH118
    return _listed(tuple(path for path in paths if type(path) is str))


def _listed(folders: tuple[str, ...]) -> list[str]:
    """The modules in some folders, remembered for ten seconds."""
    now = time.monotonic()
    held = _module_cache.get(folders)
    if held is not None and now - held[0] < 10:
        return held[1]
    names: list[str] = []
    for folder in folders:
        if time.monotonic() - now > _LISTING_SECONDS:
            break
        try:
            names += [info.name for info in pkgutil.iter_modules([folder or "."])]
        except OSError:
            continue  # a folder of sys.path that cannot be read has no modules
    _module_cache[folders] = (now, names)
    return names


def paths(prefix: str, *, folders_only: bool = False, folder: str = "") -> Iterator[Completion]:
    """Files and folders that begin as ``prefix`` does; folders end in a slash.

    ``folder``: where relative ones are looked for, if not in the current one.
    """
    before, _, last = prefix.rpartition("/")
    shown = f"{before}/" if before or prefix.startswith("/") else ""
    place = os.path.join(folder, os.path.expanduser(shown))  # noqa: PTH111, PTH118
    try:
        with os.scandir(place or ".") as entries:
            for number, entry in enumerate(entries):
                if number >= _MAXIMUM_ENTRIES:
                    return
                if not entry.name.startswith(last) or (not last and entry.name.startswith(".")):
                    continue
                is_folder = entry.is_dir()
                if is_folder or not folders_only:
                    yield _completion(shown + entry.name + ("/" if is_folder else ""), "path")
    except (OSError, ValueError):  # no folder, or no name of one: it has a null character in it
        return


def shell_words(prefix: str, *, commands: bool, folder: str = "") -> Iterator[Completion]:
    """Programs on the PATH for the first word of a command, files for the others."""
    if commands and prefix and "/" not in prefix:
        for place in os.environ.get("PATH", "").split(os.pathsep):
            try:
                names = os.listdir(place)  # noqa: PTH208 - names are all that is wanted
            except OSError:
                continue  # PATH may name folders that are not there
            yield from (_completion(name, "command") for name in names if name.startswith(prefix))
        return
    yield from paths(prefix, folder=folder)
