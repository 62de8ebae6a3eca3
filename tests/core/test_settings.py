"""Every setting: what it takes, what it refuses, by %config and by a profile's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from vivo.core import Settings, Shell, UsageError
from vivo.core.profiles import read_profile
from vivo.core.settings import SettingDocumentation, documentation

ENTRIES = documentation()
each_setting = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)

WRONG = {"str": "3", "bool": "1", "int": '"many"', "tuple[str, ...]": "[1, 2]"}
"""A value of another type, as Python and TOML both write it."""


def refused(shell: Shell, shown: Any, line: str) -> str:
    """The sentence with which the shell refuses a line."""
    assert shell.run_cell(line).status == "error"
    text = str(shown.of("error")[-1].text())
    assert text.startswith("UsageError: ")
    assert "\n" not in text
    return text.removeprefix("UsageError: ")


def refused_in_file(path: Path, text: str) -> str:
    """The sentence with which a profile is refused; file and line are taken off."""
    path.write_text(f"# mine\n\n[settings]\n{text}\n", "utf-8")
    with pytest.raises(UsageError) as raised:
        read_profile(path)
    told = str(raised.value)
    assert told.startswith(f"{path}, line 4: ")
    return told.removeprefix(f"{path}, line 4: ")


@each_setting
def test_a_mistyped_name_is_told_with_the_nearest(
    shell: Shell, shown: Any, tmp_path: Path, entry: SettingDocumentation
) -> None:
    """The same sentence in a cell and in a file, where file and line stand before it."""
    wrong = entry.name[:-1]
    told = f"There is no setting {wrong}; did you mean {entry.name}?"
    assert refused(shell, shown, f"%config {wrong}") == told
    assert refused(shell, shown, f"%config {wrong} = 1") == told
    assert refused_in_file(tmp_path / "one.toml", f"{wrong} = 1") == told


@each_setting
def test_a_value_of_another_type_is_refused(
    shell: Shell, shown: Any, tmp_path: Path, entry: SettingDocumentation
) -> None:
    """And the setting stays what it was."""
    before = getattr(shell.settings, entry.name)
    told = refused(shell, shown, f"%config {entry.name} = {WRONG[entry.type]}")
    assert told.startswith(f"{entry.name} wants ")
    in_file = refused_in_file(tmp_path / "one.toml", f"{entry.name} = {WRONG[entry.type]}")
    assert in_file.startswith(f"{entry.name} wants ")
    assert getattr(shell.settings, entry.name) == before


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('xmode = "Loud"', "xmode can be Plain, Context, Verbose, Minimal; not 'Loud'."),
        ("autocall = 3", "autocall can be 0, 1, 2; not 3."),
        ('figure_formats = ["png", "bmp"]', "figure_formats can be png, svg, retina, jpeg, pdf"),
        ("maximum_results = -1", "maximum_results is 0 or more, not -1."),
        ("maximum_display_seconds = -5", "maximum_display_seconds is 0 or more, not -5."),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_can(
    shell: Shell, shown: Any, tmp_path: Path, written: str, told: str
) -> None:
    """The choices, or the limit."""
    assert refused(shell, shown, f"%config {written}").startswith(told)
    assert refused_in_file(tmp_path / "one.toml", written).startswith(told)
    name = written.partition(" ")[0]
    assert getattr(shell.settings, name) == getattr(Settings(), name)


def test_the_list_tells_all_there_is_to_know(shell: Shell, capsys: Any) -> None:
    """%config shows each setting with its value, what it can be, and what it does."""
    shell.run_cell("%config maximum_results = 7")
    shell.run_cell("%config")
    printed = capsys.readouterr().out
    for entry in ENTRIES:
        assert entry.text.endswith("."), f"{entry.name} is told nothing of"
        value = getattr(shell.settings, entry.name)
        assert f"{entry.name} = {value!r}  ({entry.values})\n    {entry.text}\n" in printed
    assert "maximum_results = 7  (a whole number, 0 or more)\n" in printed
