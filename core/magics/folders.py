"""Magics of the current folder: cd, pwd, pushd, popd, dirs, dhist, bookmark."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import UsageError
from .options import Option
from .registry import MagicCall, magic

_visited: list[str] = []
"""Folders that %cd has left; as the current folder, one list a process."""
_stack: list[str] = []


@magic("pwd")
def pwd(call: MagicCall) -> str:
    """Give the current folder."""
    return str(Path.cwd())


@magic(
    "cd",
    arguments="[FOLDER|BOOKMARK|-|-N]",
    options=(
        Option("-q", "quiet", "do not print the folder"),
        Option("-b", "bookmark", "to a bookmark, also if a folder is called so"),
    ),
)
def cd(call: MagicCall) -> None:
    """Change the current folder.

    ``-`` is the last one, ``-2`` an earlier one (see %dhist). A name that is no folder may be a
    bookmark; without a name it is the home folder.
    """
    go(call, call.arguments.strip("\"'") if not _is_folder(call.arguments) else call.arguments)
    if not call.options.quiet:
        print(Path.cwd())


def _is_folder(text: str) -> bool:
    return bool(text) and Path(text).expanduser().is_dir()


def go(call: MagicCall, target: str) -> None:
    """Change the folder. Raises :class:`UsageError` if that cannot be."""
    here = str(Path.cwd())
    folder = _resolved(call, target or "~")
    try:
        os.chdir(Path(folder).expanduser())
    except OSError as error:
        raise UsageError(f"%cd cannot go to {folder}: {error.strerror}.") from None
    _visited.append(here)


def _resolved(call: MagicCall, target: str) -> str:
    marks = call.shell.store.bookmarks()
    if getattr(call.options, "bookmark", False):
        if target not in marks:
            raise UsageError(f"There is no bookmark {target}; %bookmark -l lists them.")
        return marks[target]
    if target == "-" or (target.startswith("-") and target[1:].isdecimal()):
        if not _visited:
            raise UsageError(f"%cd {target}: no folder was left yet.")
        if target == "-":
            return _visited[-1]
        number = int(target[1:])
        if number >= len(_visited):
            raise UsageError(
                f"%cd {target}: the history ends with {len(_visited) - 1}; see %dhist."
            )
        return _visited[number]
    if not _is_folder(target) and target in marks:
        return marks[target]
    return target


@magic("dhist")
def dhist(call: MagicCall) -> list[str]:
    """Give the folders that %cd has left; %cd -N goes back to one by its number."""
    return list(_visited)


def forget_visited() -> None:
    """Forget the folders that %cd has left."""
    _visited.clear()


@magic("dirs")
def dirs(call: MagicCall) -> list[str]:
    """Give the stack of folders that %pushd has filled."""
    return list(_stack)


@magic("pushd", arguments="FOLDER")
def pushd(call: MagicCall) -> list[str]:
    """Put the current folder on the stack and go to another."""
    here = str(Path.cwd())
    go(call, call.arguments)
    _stack.insert(0, here)
    return list(_stack)


@magic("popd")
def popd(call: MagicCall) -> None:
    """Go back to the folder on top of the stack."""
    if not _stack:
        raise UsageError("%popd: the stack of folders is empty; %pushd fills it.")
    go(call, _stack.pop(0))
    print(Path.cwd())


@magic(
    "bookmark",
    arguments="[NAME [FOLDER]]",
    options=(
        Option("-l", "listed", "list the bookmarks"),
        Option("-d", "deleted", "remove one"),
        Option("-r", "all_deleted", "remove all"),
    ),
)
def bookmark(call: MagicCall) -> dict[str, str] | None:
    """Name a folder, by default the current one; %cd NAME goes there, in every session."""
    store, options, words = call.shell.store, call.options, call.words
    marks = store.bookmarks()
    if options.listed or not (words or options.all_deleted):
        return marks
    if options.all_deleted:
        store.set_bookmarks({})
    elif options.deleted:
        if marks.pop(words[0], None) is None:
            raise UsageError(f"There is no bookmark {words[0]}; %bookmark -l lists them.")
        store.set_bookmarks(marks)
    else:
        folder = Path(words[1]).expanduser().resolve() if len(words) > 1 else Path.cwd()
        store.set_bookmarks({**marks, words[0]: str(folder)})
    return None
