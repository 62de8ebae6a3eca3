"""Options of magics: declared once; parsing and help come from the declaration.

Rules:

1. Options come first; the first word that is none ends them, and ``--`` ends them too. What
   follows is the magic's own text, untouched: ``%time x = -n``. (A magic whose other words are
   plain names may take options between and behind them.)
2. Short flags may stand together (``-in``), and a value may touch its option (``-n5``).
3. An unknown option is one sentence that names the magic, the option and the nearest known one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

from ..errors import UsageError, nearest

_WORD = re.compile(r"""\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)""")


class Option(NamedTuple):
    """An option: its flag, the attribute it sets, and what it is for."""

    flag: str
    """``-x`` or ``--word``."""
    name: str
    """The attribute of ``call.options``."""
    help: str = ""
    metavar: str | None = None
    """What its value is called in the help; None for a switch."""
    default: Any = None
    convert: Callable[[str], Any] = str
    long: str | None = None
    """A second spelling, ``--word``."""
    repeated: bool = False
    """Whether it may be given several times; the attribute is then a list."""

    @property
    def spelling(self) -> str:
        """How the help shows it."""
        flags = ", ".join(filter(None, (self.flag, self.long)))
        return f"{flags} {self.metavar}" if self.metavar else flags

    @property
    def description(self) -> str:
        """What it is for, with its default."""
        has_default = self.metavar is not None and self.default is not None
        return f"{self.help} (default {self.default})" if has_default else self.help


def parse_options(
    magic: str,
    options: tuple[Option, ...],
    line: str,
    *,
    interspersed: bool = False,
    passes_letters: bool = False,
) -> tuple[SimpleNamespace, str]:
    """The values of the options at the start of ``line``, and the text after them.

    With ``interspersed`` options may stand between and behind the other words too; with
    ``passes_letters`` an unknown ``-x`` is such a word. Raises :class:`UsageError` for an unknown
    option, a missing or an unfit value.
    """
    values = SimpleNamespace()
    for option in options:
        default = [] if option.repeated else option.default
        setattr(values, option.name, default if option.metavar else bool(default))
    known = {flag: option for option in options for flag in (option.flag, option.long) if flag}
    rest = line
    words: list[str] = []
    while options and (match := _WORD.match(rest)):
        word, after = match[1], rest[match.end() :]
        if word == "--":
            return values, " ".join([*words, after.lstrip()])
        # A lone dash or a negative number is an argument.
        is_number = re.fullmatch(r"-|-[\d.].*", word) and word not in known
        is_foreign = passes_letters and not word.startswith("--") and word not in known
        if word.startswith("-") and not is_number and not is_foreign:
            rest = _take(magic, known, word, after, values)
        elif interspersed:
            words.append(word)
            rest = after
        else:
            break
    return values, " ".join([*words, rest.strip()]).strip() if options else line.strip()


def _take(
    magic: str, known: dict[str, Option], word: str, after: str, values: SimpleNamespace
) -> str:
    """Set what the word says; give the text after it and its value."""
    flag, equals, given = word.partition("=") if word.startswith("--") else (word, "", "")
    option = known.get(flag)
    if option is None and not word.startswith("--"):
        flag, given = word[:2], word[2:]
        option = known.get(flag)
    if option is None:
        raise UsageError(unknown_option(magic, flag, list(known)))
    if option.metavar is None:
        setattr(values, option.name, True)
        if given and not word.startswith("--"):
            return _take(magic, known, f"-{given}", after, values)
        return after
    if not given and not equals:
        match = _WORD.match(after)
        if match is None:
            raise UsageError(f"%{magic}: {flag} wants a value: {option.spelling}")
        given, after = match[1], after[match.end() :]
    try:
        value = option.convert(unquote(given))
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"%{magic}: {flag} {given} does not fit ({error}): {option.help}"
        ) from None
    if option.repeated:
        getattr(values, option.name).append(value)
    else:
        setattr(values, option.name, value)
    return after


def unknown_option(magic: str, flag: str, known: list[str]) -> str:
    """The sentence for an option that the magic does not have."""
    if len(flag) == 2:  # a letter is near to itself in the other case, and to words it begins
        near = [each for each in known if each == flag.swapcase()]
        near += [each for each in known if each.startswith(f"-{flag}")]
    else:
        near = nearest(flag, known, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"it knows {', '.join(known)}."
    return f"%{magic} has no option {flag}; {hint} See %{magic}?"


def unquote(word: str) -> str:
    """A word as a shell reads it; as it stands if its quotes do not match."""
    import shlex

    try:
        parts = shlex.split(word)
    except ValueError:
        return word
    return parts[0] if len(parts) == 1 else word


def split_words(text: str) -> list[str]:
    """The words of a text as a shell splits them; by white space if its quotes do not match."""
    import shlex

    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def options_help(options: tuple[Option, ...]) -> str:
    """The options, a line each."""
    width = max((len(option.spelling) for option in options), default=0)
    return "\n".join(f"  {entry.spelling:<{width}}  {entry.description}" for entry in options)
