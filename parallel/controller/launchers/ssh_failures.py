"""Why there is no link to a host, in a sentence, from what ssh has said. Pure."""

from __future__ import annotations

import re

MISSING = "vivo-missing "
"""Begins the line of an interpreter that cannot be vivo's."""
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
        "remote port forwarding failed|administratively prohibited",
        "{host} forwards no Unix sockets ({line}): AllowStreamLocalForwarding in the configuration "
        "of its sshd must allow it, and DisableForwarding must not be set.",
    ),
    (
        "Could not request local forwarding|cannot listen to port",
        "ssh's configuration asks for a forwarding to {host} that cannot be had ({line}): "
        "give the cluster an alias of its own, without one.",
    ),
    (
        "Connection refused|timed out|No route to host|Network is unreachable",
        "{host} cannot be reached ({line}): does its sshd run, at the port that ssh uses?",
    ),
    (
        "No module named",
        "The vivo on {host} is another than this one ({line}): install the same there.",
    ),
)


def why_not(host: str, said: list[str], missing: list[str]) -> str:
    """The sentence, from the last lines that ssh has said, and the interpreters without vivo."""
    if missing:
        tried = ", ".join(_KINDS[kind].format(path) for kind, _, path in map(_split, missing))
        return (
            f"There is no vivo on {host} ({tried}): install it there, and name its interpreter "
            'with "vivo" of this host in hosts=.'
        )
    for pattern, sentence in _TABLE:
        for line in reversed(said):
            if re.search(pattern, line):
                return sentence.format(host=host, line=line.rstrip("."))
    line = said[-1] if said else "it ended without a word"
    return f"There is no link to {host} ({line}): does `ssh {host} true` work without a question?"


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(" ")
