"""Settings from whatever a client sends."""

from __future__ import annotations

from typing import Any

import pytest
from vivo.server.settings import Settings


def test_settings_are_taken_over_and_others_stay() -> None:
    """Keys are camelCase; null and empty text mean the default."""
    first, refused = Settings().changed({"python": "/usr/bin/python3", "stopOnError": False})
    assert (first.python, first.stop_on_error, refused) == ("/usr/bin/python3", False, [])
    second, refused = first.changed({"python": "", "values": "all", "deadline": 1, "other": 3})
    assert (second.python, second.stop_on_error, second.values) == (None, False, "all")
    assert (second.deadline, refused) == (1.0, [])


@pytest.mark.parametrize(
    ("key", "value"),
    [("values", "some"), ("deadline", "soon"), ("stopOnError", "no"), ("valueWidth", True),
     ("seen", [1]), ("python", 3)],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_told_and_changes_nothing(key: str, value: Any) -> None:
    """In one sentence that names the setting."""
    settings, (sentence,) = Settings(values="all").changed({key: value, "profile": "physics"})
    assert settings == Settings(values="all", profile="physics")
    assert sentence.startswith(f"The setting {key} cannot be {value!r}: it stays ")


@pytest.mark.parametrize("told", [None, 3, "x", []])
def test_what_are_no_settings_changes_nothing(told: Any) -> None:
    """A client may send anything."""
    assert Settings().changed(told) == (Settings(), [])
