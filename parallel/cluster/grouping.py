"""The outputs of several engines in the order in which people want to read them. Pure.

``engine``: engine by engine, each with all it gave, in its order. ``order``: the first output of
each engine, then the second of each. ``type``: what all printed, then what all wrote to the stream
of errors, then what all showed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

GROUPS = ("live", "engine", "order", "type")
"""The ways; ``live`` is as it comes, for who looks on."""

Output = dict[str, Any]
"""``kind`` and ``content`` of what was printed or shown, as :attr:`Outcome.outputs` has them."""


def merged_texts(outputs: Sequence[Output]) -> list[Output]:
    """The outputs, with texts of one stream that follow each other as one."""
    found: list[Output] = []
    for each in outputs:
        name, text = _stream(each)
        if name is not None and found and _stream(found[-1])[0] == name:
            text = _stream(found[-1])[1] + text
            found[-1] = {"kind": "stream", "content": {"name": name, "text": text}}
        else:
            found.append(each)
    return found


def grouped(outputs: Sequence[tuple[int, Sequence[Output]]], how: str) -> list[tuple[int, Output]]:
    """The outputs of engines, given by their numbers, in one of the :data:`GROUPS`' orders."""
    each_merged = [(number, merged_texts(given)) for number, given in outputs]
    if how == "order":
        longest = max((len(given) for _, given in each_merged), default=0)
        return [
            (number, given[place])
            for place in range(longest)
            for number, given in each_merged
            if place < len(given)
        ]
    if how == "type":
        return [
            (number, output)
            for kind in ("stdout", "stderr", None)
            for number, given in outputs
            for output in merged_texts(list(_of_kind(given, kind)))
        ]
    return [(number, output) for number, given in each_merged for output in given]


def _stream(output: Output) -> tuple[str | None, str]:
    """The name and the text of a stream; no name of what is shown."""
    if output["kind"] != "stream":
        return None, ""
    content = output["content"]
    return str(content.get("name", "stdout")), str(content.get("text", ""))


def _of_kind(outputs: Sequence[Output], kind: str | None) -> Iterator[Output]:
    return (each for each in outputs if _stream(each)[0] == kind)
