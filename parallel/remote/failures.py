"""Why there is no link to a host, in a sentence, from what ssh has said. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

MISSING = "vivo-missing "
"""Begins the line of a program that cannot be vivo's: its kind, and its path."""
_KINDS = {
    "absent": "{} is not there",
    "lacks": "{} has no vivo",
    "old": "{} is older than Python 3.11",
}
_TABLE = (
    (
        "resolve hostname",
        "There is no host {host} ({line}): check its name, or enter it in ~/.ssh/config.",
    ),
    (
        "Permission denied",
        "{host} does not let you in ({line}): `ssh {host} true` must work without a question, by a "
        "key that ssh-agent has or that needs no passphrase.",
    ),
    (
        "Host key verification failed",
        "{host} is not known to ssh, or is not what it was ({line}): connect to it once by hand.",
    ),
    (
        "remote port forwarding failed|administratively prohibited|open failed",
        "{host} forwards no Unix sockets ({line}): AllowStreamLocalForwarding in the configuration "
        "of its sshd must allow it, and DisableForwarding must not be set.",
    ),
    (
        "Could not request local forwarding|cannot listen to port",
        "ssh's configuration asks for a forwarding to {host} that cannot be had ({line}): {alias}.",
    ),
    (
        "Connection refused|timed out|No route to host|Network is unreachable",
        "{host} cannot be reached ({line}): does its sshd run, at the port that ssh uses?",
    ),
    (
        "No module named",
        "The vivo on {host} is another than this one ({line}): install the same there.",
    ),
    (
        "there is no command",
        "The vivo on {host} is too old for this one ({line}): install the same there.",
    ),
)
NAME_IT = 'name its interpreter with "vivo" of this host in hosts='
ALIAS = "give the cluster an alias of its own, without one"


def why_not(
    host: str,
    said: Sequence[str],
    missing: Sequence[str],
    *,
    name_it: str = NAME_IT,
    alias: str = ALIAS,
) -> str:
    """The sentence, from the last lines that ssh has said, and the programs that are not vivo's.

    ``name_it`` says how another is named, ``alias`` what to do about forwardings of the user's own.
    """
    if missing:
        tried = ", ".join(_KINDS[kind].format(path) for kind, _, path in map(_split, missing))
        return f"There is no vivo on {host} ({tried}): install it there, and {name_it}."
    for pattern, sentence in _TABLE:
        for line in reversed(said):
            if re.search(pattern, line):
                return sentence.format(host=host, line=line.rstrip("."), alias=alias)
    line = said[-1] if said else "it ended without a word"
    return f"There is no link to {host} ({line}): does `ssh {host} true` work without a question?"


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(" ")
