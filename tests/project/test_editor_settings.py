"""The settings of the VS Code extension, and what the docs say of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| `(vivo\.[\w.]+)` \| `(.*?)` \| (.+) \|$", re.MULTILINE)


@pytest.mark.parametrize("page", ["docs/editors.md", "editors/vscode/README.md"])
def test_every_setting_is_in_the_table_with_its_default(page: str) -> None:
    """Each setting has a line of its own, in the order of the extension, and no other has one."""
    package = json.loads((ROOT / "editors/vscode/package.json").read_text(encoding="utf-8"))
    declared = package["contributes"]["configuration"]["properties"]
    expected = [(name, json.dumps(setting["default"])) for name, setting in declared.items()]
    rows = _ROW.findall((ROOT / page).read_text(encoding="utf-8"))
    assert [(name, default) for name, default, _ in rows] == expected
    for name, _, text in rows:
        told = declared[name].get("markdownDescription") or declared[name]["description"]
        assert text.startswith(re.sub(r"`#([\w.]+)#`", r"`\1`", told)), name
