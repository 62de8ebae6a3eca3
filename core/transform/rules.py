"""The rules that turn what a user types into Python, and their registry.

What they write is readable and runs in any shell that offers ``get_ipython()``:

================  ====================================================
typed             Python
================  ====================================================
``%name rest``    ``get_ipython().run_line_magic('name', 'rest')``
``%%name rest``   ``get_ipython().run_cell_magic('name', 'rest', body)``
``!command``      ``get_ipython().system('command')``
``!!command``     ``get_ipython().getoutput('command')``
``x = !command``  ``x = get_ipython().getoutput('command')``
``x = %name r``   ``x = get_ipython().run_line_magic('name', 'r')``
``obj?``          ``get_ipython().run_line_magic('pinfo', 'obj')``
``obj??``         ``get_ipython().run_line_magic('pinfo2', 'obj')``
``*err*?``        ``get_ipython().run_line_magic('psearch', '*err*')``
``,f a b``        ``f("a", "b")``
``;f a b``        ``f("a b")``
``/f a b``        ``f(a, b)``
================  ====================================================

Rules of the rules:

1. A rule sees one logical line and gives Python for it, or None if it has no word for it.
2. Rules are asked in the order of the registry; the first answer counts.
3. A rule never answers for a line that is Python already (but see ``automagic``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .lines import LogicalLine, join_continued, tokens_of

Rewrite = Callable[[LogicalLine], "str | None"]

# Compiled at their first use, as re does it: a start has no use for them.
_HELP_AFTER = r"""(?x)^(?P<name>%{0,2}
        (?!\d)[\w*]+ (?: \.[\w*]+ | \[ (?: -?\d+ | '[^']*' | "[^"]*" ) \] )*
        )\s*(?P<mark>\?\??)\s*;?$"""
_HELP_BEFORE = r"^(?P<mark>\?\??)\s*(?P<name>[^?]+?)\s*;?$"
_MAGIC = r"(?s)^%(?P<name>[^\W\d][\w.]*)(?:[ \t]+(?P<rest>.*))?$"
_ASSIGNED = r"=[ \t]*[%!]"


class Rule(NamedTuple):
    """A rule: a name, and what it makes of a line."""

    name: str
    rewrite: Rewrite
    multiline: bool = False
    """Whether a final backslash continues the line, as in shell commands and magics."""


class RuleRegistry:
    """The rules in the order in which they are asked. Users add their own."""

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        self._rules: list[Rule] = list(rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(tuple(self._rules))

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, rule: Rule, *, before: str | None = None) -> None:
        """Add a rule, at the end or before the one of that name; same name replaces.

        Raises ``LookupError`` if no rule is called ``before``.
        """
        self._rules = [other for other in self._rules if other.name != rule.name]
        if before is None:
            self._rules.append(rule)
            return
        names = [other.name for other in self._rules]
        if before not in names:
            raise LookupError(f"no input rule is called {before!r}; there are {', '.join(names)}")
        self._rules.insert(names.index(before), rule)

    def remove(self, name: str) -> None:
        """Take a rule out. Raises ``LookupError`` if there is none of that name."""
        kept = [rule for rule in self._rules if rule.name != name]
        if len(kept) == len(self._rules):
            raise LookupError(f"no input rule is called {name!r}")
        self._rules = kept


def line_magic_call(name: str, rest: str) -> str:
    """The Python of a line magic."""
    return f"get_ipython().run_line_magic({name!r}, {rest!r})"


def system_call(command: str) -> str:
    """The Python of ``!command``, and of ``!!command`` given as ``!command``."""
    if command.startswith("!"):
        return f"get_ipython().getoutput({command[1:].lstrip()!r})"
    return f"get_ipython().system({command.lstrip()!r})"


def help_call(name: str, mark: str) -> str:
    """The Python of ``obj?`` and ``obj??``."""
    if "*" in name:
        return line_magic_call("psearch", name)
    return line_magic_call("pinfo2" if mark == "??" else "pinfo", name)


def escaped(body: str) -> str | None:
    """The Python of a line that begins with ``%`` or ``!``, or None."""
    if body.startswith("!"):
        command = join_continued(body[1:])
        return system_call(command) if command.strip("! \t") else None
    match = re.match(_MAGIC, join_continued(body))
    if match is None:
        return None
    return line_magic_call(match["name"], (match["rest"] or "").rstrip())


def _help(line: LogicalLine) -> str | None:
    body = line.body.rstrip()
    if "?" not in body:
        return None
    if body.strip("? ;") == "":
        return line_magic_call("quickref", "") if body.startswith("?") else None
    before = re.match(_HELP_BEFORE, body)
    return help_call(before["name"], before["mark"]) if before else _asked(body)


def _asked(body: str) -> str | None:
    """The Python of ``obj?`` and ``obj??``, or None."""
    match = re.match(_HELP_AFTER, body.rstrip())
    return help_call(match["name"], match["mark"]) if match else None


def _escape(line: LogicalLine) -> str | None:
    return escaped(line.body) if line.body[:1] in ("%", "!") else None


def _assignment(line: LogicalLine) -> str | None:
    """``x = !command`` and ``x = %magic``: the ``=`` outside brackets that stands before the mark.

    Also ``x = y = %magic``, ``x += %magic``, and ``x = %magic?``, which asks and assigns nothing.
    """
    if not re.search(_ASSIGNED, line.body):
        return None
    depth = 0
    before = None
    for token in tokens_of(line.body):
        if before is not None and token.string[:1] in ("%", "!"):
            if token.start[0] != 1:
                return None
            rest = line.body[token.start[1] :]
            asked = _asked(rest) if rest.startswith("%") else None
            call = asked or _assigned_call(rest)
            if call is None or asked:
                return asked
            return f"{line.body[: before.start[1]].rstrip()} {before.string} {call}"
        before = None
        if token.string in ("(", "[", "{"):
            depth += 1
        elif token.string in (")", "]", "}"):
            depth -= 1
        elif token.string in ("=", "+=") and depth == 0:
            before = token
        elif token.string in ("%", "!") and depth == 0:
            return None
    return None


def _assigned_call(rest: str) -> str | None:
    if rest.startswith("!"):
        command = join_continued(rest).lstrip("!").strip()
        return f"get_ipython().getoutput({command!r})" if command else None
    return escaped(rest)


def _quoted(line: LogicalLine) -> str | None:
    """``,f a b``, ``;f a b`` and ``/f a b``: calls without brackets."""
    mark, body = line.body[:1], line.body[1:].strip()
    match = re.match(r"^([^\W\d][\w.]*)(?:[ \t]+(.*))?$", body)
    if mark not in (",", ";", "/") or match is None:
        return None
    function, rest = match[1], match[2] or ""
    if mark == ";":
        return f"{function}({rest!r})"
    if mark == "/" and "," in rest:
        return f"{function}({rest.strip()})"
    words = rest.split()
    return f"{function}({', '.join(map(repr, words) if mark == ',' else words)})"


HELP = Rule("help", _help)
ESCAPE = Rule("escape", _escape, multiline=True)
ASSIGNMENT = Rule("assignment", _assignment, multiline=True)
QUOTED = Rule("quoted", _quoted)

DEFAULT_RULES = (HELP, ESCAPE, ASSIGNMENT, QUOTED)
