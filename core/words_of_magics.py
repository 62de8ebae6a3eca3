"""The words of magics that only a running shell knows: settings, toolkits, bookmarks, types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .settings import NAMES, Settings

Give = Callable[[str], Iterable[str]]


def words_of_shell(
    settings: Settings, aliases: Mapping[str, str], namespace: Mapping[str, Any]
) -> dict[str, Give]:
    """For each magic, what gives its words from the line so far."""

    def setting(rest: str) -> Iterable[str]:
        match = re.match(r"(\w+)\s*=", rest)
        if match is None:
            return NAMES
        return settings.texts_of(match[1])

    def types(rest: str) -> Iterable[str]:
        from .wildcards import kinds_of

        return kinds_of(namespace)

    return {
        "config": setting,
        "unalias": lambda rest: tuple(aliases),
        "gui": lambda rest: _toolkits(),
        "matplotlib": lambda rest: _backends(),
        "pylab": lambda rest: _backends(),
        "cd": lambda rest: _bookmarks(),
        "bookmark": lambda rest: _bookmarks(),
        "load_ext": lambda rest: ("autoreload",),
        "profile": lambda rest: _profiles(),
        **dict.fromkeys(("who", "who_ls", "whos"), types),
    }


def _toolkits() -> Iterable[str]:
    from .event_loops import NAMES

    return NAMES


def _backends() -> Iterable[str]:
    from .figures import names

    return names()


def _bookmarks() -> Iterable[str]:
    from .store import Store

    return Store().bookmarks()


def _profiles() -> Iterable[str]:
    from .profiles import names

    return names()
