"""The hosts of ``Cluster("ssh", hosts=…)``: what is said of each, which engine is where. Pure.

Rules:

1. A host is named as the user's ssh knows it. A name never begins with ``-``: it would be an option
   of ssh's.
2. Where an engine is follows from its number alone, so that one that is added, or asked for again
   by a resumed controller, comes to the same host.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import msgspec

from ...errors import SessionError

_HOW = (
    'give hosts=["alpha", "beta:4", {"host": "gamma", "n": 2, "python": "/opt/py/bin/python"}], or '
    "on the command line --option hosts=alpha,beta:4"
)


class Host(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host, and what is to be there."""

    host: str
    """Its name, as ssh knows it."""
    n: int = 1
    """Engines, before any other host gets one more than it was to have."""
    python: str = ""
    """The engines' interpreter there; by default, the cluster's."""
    cwd: str = ""
    """Where they start; by default in the cluster's folder, or at home where there is none."""
    vivo: str = ""
    """The interpreter there that has vivo."""


def hosts_of(told: Any, vivo: str = "") -> list[Host]:
    """The hosts of the option: a list, a text with commas, or such a list in JSON.

    ``vivo`` is the interpreter that has vivo where a host does not name its own. Raises
    :class:`SessionError` for what names none.
    """
    if isinstance(told, str):
        told = _listed(told)
    if not isinstance(told, list) or not told:
        raise SessionError(f"The ssh launcher has no hosts: {_HOW}.")
    hosts = [_host(each, vivo) for each in told]
    names = [each.host for each in hosts]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise SessionError(f"The host {twice[0]} is named twice: name it once, as {twice[0]}:2.")
    return hosts


def place(hosts: list[Host], number: int) -> Host:
    """The host of the engine of a number: by turns, none before it has what it is to have."""
    turns = range(max(each.n for each in hosts))
    slots = [each for turn in turns for each in hosts if turn < each.n]
    return slots[number % len(slots)]


def command_of(told: Any) -> list[str]:
    """The words of the option ``ssh``. Raises :class:`SessionError` for what is no command."""
    try:
        words = shlex.split(told) if isinstance(told, str) else [str(each) for each in told]
    except (ValueError, TypeError):
        words = []
    if not words:
        raise SessionError(f'ssh={told!r} is no command: give a text, as ssh="ssh -F FILE".')
    return words


def _listed(text: str) -> Any:
    if not text.lstrip().startswith("["):
        return [each.strip() for each in text.split(",") if each.strip()]
    try:
        return json.loads(text)
    except ValueError as error:
        raise SessionError(f"hosts= is no list in JSON ({error}): {_HOW}.") from None


def _host(told: Any, vivo: str) -> Host:
    if isinstance(told, str):
        name, _, count = told.rpartition(":")
        is_counted = bool(name) and count.isdecimal()
        told = {"host": name, "n": int(count)} if is_counted else {"host": told}
    try:
        host = msgspec.convert({"vivo": vivo, **told}, Host)
    except (msgspec.ValidationError, TypeError) as error:
        raise SessionError(f"{told!r} is no host of ssh's ({error}): {_HOW}.") from None
    is_name = host.host.isprintable() and not host.host.startswith("-") and " " not in host.host
    if not host.host or not is_name:
        raise SessionError(f"{host.host!r} is no host of ssh's: {_HOW}.")
    if host.n < 1:
        raise SessionError(f"{host.n} engines on {host.host}: give 1 or more, or leave it out.")
    if unfit := [each for each in (host.python, host.cwd, host.vivo) if not each.isprintable()]:
        raise SessionError(f"{unfit[0]!r} is no path on {host.host}.")
    return host
