"""What several engines made of one cell, as one: equal values folded, alike errors told once. Pure.

Rules:

1. Engines are named by their numbers, neighbours as a range: ``[0–2]``; all that the cell ran on,
   if more than one, as ``[all]``.
2. What is folded says the same on each of its engines: nothing is left out in the full list.
3. A line beside the code holds whole values, as many as fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..parallel.messages import RunError, RunRecord, RunStatus, RunValue
from .values import ARROW, MAXIMUM_LABEL, one_line

LINE = "text/vnd.vivo.line"
"""In a value's bundle: what stands beside the code for it."""
SEPARATOR = " · "
_TEXT_LIMIT = 20_000
_MOST_TOLD = 8  # errors that differ, in a diagnostic
_LEAST = 6  # characters of a value, however many are beside it


def numbers_text(numbers: Iterable[int]) -> str:
    """``0, 1, 3–5``: some engines, three neighbours or more as a range."""
    runs: list[list[int]] = []
    for each in sorted(set(numbers)):
        if runs and each == runs[-1][1] + 1:
            runs[-1][1] = each
        else:
            runs.append([each, each])
    words: list[str] = []
    for first, last in runs:
        words += [f"{first}–{last}"] if last - first > 1 else map(str, range(first, last + 1))
    return ", ".join(words)


def numbers_of(text: str) -> tuple[int, ...]:
    """The engines that :func:`numbers_text` named; none of a text that names none."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("–")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            return ()
        found += range(int(first), int(last if dash else first) + 1)
    return tuple(found)


def folded(texts: Mapping[int, str]) -> list[tuple[list[int], str]]:
    """The engines that have each text, in the order of the first of them."""
    found: dict[str, list[int]] = {}
    for number in sorted(texts):
        found.setdefault(texts[number], []).append(number)
    return [(numbers, text) for text, numbers in found.items()]


def name_of(numbers: Sequence[int], engines: Sequence[int]) -> str:
    """``[0–2]`` (rule 1); ``engines`` are all that the cell ran on."""
    if len(numbers) > 1 and len(numbers) == len(engines):
        return "[all]"
    return f"[{numbers_text(numbers)}]"


def line_of(
    texts: Mapping[int, str], engines: Sequence[int], limit: int = MAXIMUM_LABEL - len(ARROW)
) -> str:
    """``[0] 3 · [1–2] 5``: what stands beside the code, at most ``limit`` characters (rule 3)."""
    groups = folded(texts)
    shown: list[str] = []
    for index, (numbers, text) in enumerate(groups):
        name = name_of(numbers, engines)
        is_last = index == len(groups) - 1
        used = len(SEPARATOR.join(shown)) + (len(SEPARATOR) if shown else 0)
        room = limit - used - len(name) - 1 - (0 if is_last else len(SEPARATOR) + 1)
        short = " ".join(text.split())
        if shown and room < min(len(short), _LEAST):
            return SEPARATOR.join([*shown, "…"])
        shown.append(f"{name} {one_line(text, max(_LEAST, room))}")
    return SEPARATOR.join(shown)


def list_of(texts: Mapping[int, str], engines: Sequence[int]) -> str:
    """Each value with its engines, one below the other: the full list, as text."""
    parts = []
    for numbers, text in folded(texts):
        name = name_of(numbers, engines)
        parts.append(f"{name} {text}" if "\n" not in text else f"{name}\n{text}")
    return bounded("\n".join(parts))


def markdown_of(values: Mapping[int, dict[str, Any]], engines: Sequence[int]) -> str:
    """The full list as Markdown; a value that has Markdown of its own is shown by it."""
    blocks = {}
    for number, data in values.items():
        own = data.get("text/markdown")
        text = str(data.get("text/plain", ""))
        blocks[number] = str(own) if own else _fenced(text)
    parts = [
        f"**{'engine' if len(numbers) == 1 else 'engines'} {numbers_text(numbers)}**\n\n{block}"
        for numbers, block in folded(blocks)
    ]
    return bounded("\n\n".join(parts))


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"


def bounded(text: str) -> str:
    """At most so much as a hover shows."""
    return text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + "…"


def bundle_of(
    values: Mapping[int, dict[str, Any]], engines: Sequence[int], width: int = MAXIMUM_LABEL
) -> dict[str, Any]:
    """The values of some engines as one MIME bundle; ``engines`` are all that the cell ran on."""
    whole = {number: str(data.get("text/plain", "")) for number, data in values.items()}
    lines = {number: str(data.get(LINE) or whole[number]) for number, data in values.items()}
    return {
        "text/plain": list_of(whole, engines),
        "text/markdown": markdown_of(values, engines),
        LINE: line_of(lines, engines, width - len(ARROW)),
    }


def values_of(
    records: Mapping[int, RunRecord], engines: Sequence[int], width: int = MAXIMUM_LABEL
) -> list[RunValue]:
    """The values of a cell, by statement: what each engine's record has for its lines."""
    places: dict[tuple[int, int, int], dict[int, dict[str, Any]]] = {}
    for number, record in records.items():
        seen: dict[tuple[int, int], int] = {}
        for value in record.values:
            lines = value.first_line, value.last_line
            count = seen[lines] = seen.get(lines, -1) + 1  # two may stand on one line
            places.setdefault((*lines, count), {})[number] = value.data
    return [
        RunValue(first, last, bundle_of(values, engines, width))
        for (first, last, _), values in sorted(places.items())
    ]


def error_of(records: Mapping[int, RunRecord]) -> RunError | None:
    """The errors of a cell as one: what failed alike is told once, with its engines' numbers.

    It stands on the line where the first of them failed.
    """
    failed = {number: record.error for number, record in records.items() if record.error}
    if not failed:
        return None
    alike: dict[tuple[str, str, int | None], list[int]] = {}
    for number in sorted(failed):
        error = failed[number]
        alike.setdefault((error.name, error.message, error.line), []).append(number)
    (name, message, line), numbers = next(iter(alike.items()))
    if len(alike) == 1:
        return RunError(f"{name} on {_engines(numbers)}", message, line)
    told = []
    for (each, said, where), numbers in list(alike.items())[:_MOST_TOLD]:
        place = f" (line {where})" if where not in (None, line) else ""
        told.append(f"{each} on {_engines(numbers)}{place}: {_first_line(said)}".rstrip(": "))
    if len(alike) > _MOST_TOLD:
        told.append(f"and {len(alike) - _MOST_TOLD} more")
    names = {each for each, _, _ in alike}
    common = name if len(names) == 1 else "Errors"
    return RunError(f"{common} on {_engines(failed)}", "\n".join(["", *told]), line)


def _engines(numbers: Iterable[int]) -> str:
    wanted = list(numbers)
    return f"{'engine' if len(wanted) == 1 else 'engines'} {numbers_text(wanted)}"


def _first_line(text: str) -> str:
    return one_line(text.split("\n", maxsplit=1)[0], 200)


def status_of(records: Iterable[RunRecord]) -> RunStatus:
    """The state of a cell by its states on the engines."""
    states = {record.status for record in records}
    if states & {"queued", "running"} or not states:
        return "running" if states - {"queued"} else "queued"
    if "error" in states:
        return "error"
    return "ok" if "ok" in states else "aborted"
