"""Completion of lines that are no Python: magics with their options and words, aliases, ``!``.

Rule: the words that a magic knows are those of its declaration (``on|off``), so that usage, help
and completion agree; what only the running shell knows comes from :attr:`WordCompleter.words`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from . import completion_sources as sources
from .registered_completers import RegisteredCompleters

if TYPE_CHECKING:
    from .completer import Completion
    from .magics.registry import Magic, MagicRegistry

Found = tuple[str, Iterable["Completion"]] | None
_ASSIGNED = r"^(?:[\w, ]+=\s*)?"
_MAGIC_NAME = re.compile(_ASSIGNED + r"(%{1,2})([\w.]*)$")
_MAGIC_CALL = re.compile(_ASSIGNED + r"(%{1,2})([\w.]+)\s+(.*)$")
_BARE_CALL = re.compile(r"^([^\W\d]\w*)\s+((?![=,.(\[+*/<>&|^])[^=]*)$")
_IN_COMMENT = re.compile(r"^[ \t]*#(?!!/)[ \t]*((?:[\w, ]+=[ \t]*)?(?:%{1,2}[^\W\d]|%{1,2}$|!).*)$")
_FOLDERS = frozenset({"cd", "pushd", "mkdir", "rmdir"})
_FILES = frozenset({"run", "load", "loadpy", "edit", "ed", "writefile", "file", "pycat", "less",
                    "more", "notebook", "save", "logstart"})  # fmt: skip
_MODULES = frozenset({"load_ext", "reload_ext", "unload_ext", "aimport"})
_ENVIRONMENT = frozenset({"env", "set_env"})
_SETTING = _ENVIRONMENT | {"config"}  # what they take is NAME=VALUE


def command_in_comment(line: str) -> str | None:
    """The magic or ``!`` command that a comment holds: ``# %time x`` is ``%time x``."""
    match = _IN_COMMENT.match(line)
    # ``# %%`` begins a cell, and ``# %`` is on its way there; what names a magic goes on at once.
    return match[1] if match is not None and match[1].strip() not in ("%", "%%") else None


class WordCompleter:
    """Completes the words of commands for one shell."""

    def __init__(self, magics: MagicRegistry, registered: RegisteredCompleters) -> None:
        self.magics = magics
        self.registered = registered
        self.aliases: Callable[[], Iterable[str]] = lambda: ()
        self.is_variable: Callable[[str], bool] = lambda name: False
        self.words: dict[str, Callable[[str], Iterable[str]]] = {}
        """For a magic, what gives the words that only the shell knows, from the line so far."""
        self.folder = ""
        """Where files are looked for, if not in the current folder of the process."""

    def complete(self, line: str) -> Found:
        """The word before the cursor and what it may become; None if the line is no command."""
        stripped = line.lstrip()
        if stripped.startswith("!") or re.match(r"^[\w, ]+=\s*!", stripped):
            word = re.split(r"[\s;|&]", stripped)[-1].lstrip("!")
            is_first = not re.search(r"!\s*\S+\s", stripped)
            return word, sources.shell_words(word, commands=is_first, folder=self.folder)
        if match := _MAGIC_NAME.match(stripped):
            return match[1] + match[2], self._names(match[1], match[2])
        if match := _MAGIC_CALL.match(stripped):
            return self._argument("line" if match[1] == "%" else "cell", match[2], match[3])
        match = _BARE_CALL.match(stripped)
        if match and self.magics.automagic and not self.is_variable(match[1]):
            return self._argument("line", match[1], match[2])
        return None

    def _names(self, mark: str, prefix: str) -> Iterator[Completion]:
        from .completer import Completion

        kinds = {"%": ("line", "cell"), "%%": ("cell",)}[mark]
        for kind in kinds:
            sign = "%" if kind == "line" else "%%"
            for name in self.magics.names(kind):
                if name.startswith(prefix):
                    yield Completion(sign + name, "magic", self.magics.get(name, kind).summary)
        if mark == "%":
            for name in self.aliases():
                if name.startswith(prefix):
                    yield Completion(mark + name, "magic", "alias")

    def _argument(self, kind: str, name: str, rest: str) -> Found:
        from .completer import Completion

        word = re.split(r"[\s=]", rest)[-1] if name in _SETTING else rest.rsplit(" ", 1)[-1]
        found = self.registered.of_command(name, word, rest)
        if found is not None:
            fits = word.lower()
            given = [text for text in found if text.lower().startswith(fits)]
            return word, [Completion(text, "argument") for text in given]
        entry = self.magics.find(name, kind)
        if entry is None:
            return (word, self._paths(word)) if name in self.aliases() else None
        if word.startswith("-"):
            return word, _flags(entry, word)
        known = [*self._words(entry, kind, rest)]
        if known:
            fitting = [Completion(text, "argument") for text in known if text.startswith(word)]
            if name in _FOLDERS:
                return word, [*fitting, *self._paths(word, folders_only=True)]
            if fitting:
                return word, fitting
        if name == "config":
            return word, ()
        if name in _MODULES:
            return word.rpartition(".")[2], sources.module_names(word)
        if name in _FILES or name in _FOLDERS:
            return word, self._paths(word, folders_only=name in _FOLDERS)
        return None

    def _paths(self, word: str, *, folders_only: bool = False) -> Iterator[Completion]:
        return sources.paths(word, folders_only=folders_only, folder=self.folder)

    def _words(self, entry: Magic, kind: str, rest: str) -> Iterator[str]:
        give = self.words.get(entry.name)
        if give is not None:
            yield from give(rest)
        if entry.name in _ENVIRONMENT:
            yield from os.environ
        usage = entry.arguments if kind == "line" or entry.cell_arguments is None else ""
        for word in re.findall(r"(?<![\w.])\w+(?![\w.])", usage):
            if not word.isupper() or word.isdigit():
                yield word


def _flags(entry: Magic, word: str) -> list[Completion]:
    from .completer import Completion

    return [
        Completion(flag, "option", option.help)
        for option in entry.options
        for flag in (option.flag, option.long)
        if flag and flag.startswith(word)
    ]
