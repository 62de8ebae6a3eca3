"""Aliases: names for commands of the operating system, with ``%s`` and ``%l`` parameters."""

from __future__ import annotations

from .errors import UsageError
from .magics.options import split_words

DEFAULT_ALIASES = {
    "ls": "ls -F",
    "ll": "ls -lF",
    "la": "ls -AF",
    "lx": "ls -lF %l | grep '^-..x'",
    "lk": "ls -lF %l | grep '^l'",
    "ldir": "ls -lF %l | grep /$",
    "lf": "ls -lF %l | grep ^-",
    "man": "man",
    "cat": "cat",
    "mkdir": "mkdir",
    "rmdir": "rmdir",
    "cp": "cp",
    "mv": "mv",
    "rm": "rm",
}


def parameters(command: str) -> int:
    """How many ``%s`` an alias wants; ``%%s`` is a literal one."""
    return command.count("%s") - command.count("%%s")


def expand_alias(name: str, command: str, rest: str) -> str:
    """The command line of an alias called with ``rest``.

    ``%l`` takes the whole line, each ``%s`` one word; what is left is appended. Raises
    :class:`UsageError` if there are fewer words than ``%s``.
    """
    if "%l" in command:
        return command.replace("%l", rest)
    wanted = parameters(command)
    if wanted == 0:
        return f"{command.replace('%%s', '%s')} {rest}".rstrip()
    words = rest.split(None, wanted)
    if len(words) < wanted:
        raise UsageError(
            f"The alias {name} wants {wanted} words and got {len(split_words(rest))}: {command}"
        )
    text = command.replace("%%s", "\0")
    for word in words[:wanted]:
        text = text.replace("%s", word, 1)
    left = words[wanted:]
    return " ".join([text.replace("\0", "%s"), *left])
