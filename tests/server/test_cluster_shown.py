"""What an engine has shown, as a view of it has it: text, and pictures where they stand."""

from __future__ import annotations

from typing import Any

import pytest
from vivo.parallel.transcripts import TranscriptEntry
from vivo.server import cluster_shown
from vivo.server.cluster_shown import _Output


def entry(kind: Any, **content: Any) -> TranscriptEntry:
    """An entry of a transcript."""
    return TranscriptEntry(kind, 1, None, content)


def picture(data: str = "AAAA") -> TranscriptEntry:
    """A picture."""
    return entry("display", data={"text/plain": "<P>", "image/png": data})


def told(*entries: TranscriptEntry | None) -> dict[str, Any]:
    output = _Output()
    for each in entries:
        output.add(each)
    return output.told()


def test_a_picture_stands_where_it_was_shown() -> None:
    """Behind the text that names it; another program's event is passed over."""
    found = told(
        entry("stream", text="before\n"), None, picture("AA\nAA"), entry("stream", text="after")
    )
    assert found["output"] == "before\n<P>\nafter"
    (shown,) = found["pictures"]
    assert shown == {"at": len("before\n<P>\n"), "mime": "image/png", "data": "AAAA"}


def test_the_end_is_told_of_what_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the text and of the pictures in it, whose places stay."""
    monkeypatch.setattr(cluster_shown, "LONGEST_OUTPUT", 10)
    found = told(picture("OLD="), entry("stream", text="x" * 9), picture("NEW="))
    assert found["output"] == "xxxxxx<P>\n"
    assert found["pictures"] == [{"at": 10, "mime": "image/png", "data": "NEW="}]


def test_pictures_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number and in size; the last ones are told."""
    monkeypatch.setattr(cluster_shown, "MOST_PICTURES", 3)
    many = [picture(str(number)) for number in range(5)]
    assert [each["data"] for each in told(*many)["pictures"]] == ["2", "3", "4"]
    monkeypatch.setattr(cluster_shown, "LARGEST_PICTURES", 10)
    large = [picture(letter * 4) for letter in "abc"]
    assert [each["data"] for each in told(*large)["pictures"]] == ["bbbb", "cccc"]
