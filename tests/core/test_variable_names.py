"""The order of the names between pages: right after any change, at no cost where there is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.core.shell import Shell
from vivo.core.variable_names import NameIndex

NAMES = [f"n{number}" for number in range(12)] + ["_private", "In"]
CHANGES = st.lists(
    st.tuples(st.sampled_from(["set", "delete", "page", "cell"]), st.sampled_from(NAMES))
)


def users(namespace: dict[str, Any]) -> list[str]:
    return [name for name in namespace if not name.startswith("_") and name != "In"]


@given(CHANGES, st.integers(0, 200))
def test_the_order_is_right_after_any_change(changes: list[tuple[str, str]], many: int) -> None:
    """A cell's beginning or end settles all; until then at most what was put in again is wrong."""
    namespace: dict[str, Any] = {f"kept{number}": 0 for number in range(many)}
    index, cells = NameIndex(namespace, {}), 0
    for change, name in changes:
        if change == "set":
            namespace[name] = 0
        elif change == "delete":
            namespace.pop(name, None)
        else:
            cells += change == "cell"
            index.refresh(cells)
    index.refresh(cells + 1)
    assert index.names == users(namespace)
    assert index.by_name == sorted(users(namespace))


@given(st.lists(st.sampled_from(["add", "delete", "page"])))
def test_what_comes_and_goes_while_a_cell_runs_is_seen(changes: list[str]) -> None:
    """Names that are new, and those that are no more: a page shows what there is."""
    namespace: dict[str, Any] = {"first": 0}
    index = NameIndex(namespace, {})
    for number, change in enumerate(changes):
        if change == "add":
            namespace[f"v{number}"] = 0
        elif change == "delete" and namespace:
            del namespace[next(iter(namespace))]
        index.refresh("running")
        assert index.names == users(namespace)


def test_beside_a_running_cell_no_name_is_looked_at_twice(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of 100,000 names costs what one of 100 costs: names are compared once a cell."""
    shell.namespace.update({f"v{number:06}": number for number in range(100_000)})
    compared: list[int] = []
    behind = NameIndex._behind

    def counted(index: NameIndex, keys: tuple[Any, ...]) -> Any:
        compared.append(len(keys))
        return behind(index, keys)

    monkeypatch.setattr(NameIndex, "_behind", counted)
    pages = []

    def look() -> None:
        for number in range(3):
            shell.namespace[f"w{number}"] = number
            pages.append(shell.variables.page(start=100_000, count=5))

    shell.namespace["look"] = look
    shell.mark_cell("look()")
    assert shell.run_cell("look()").status == "ok"
    assert [total for _, total in pages] == [100_002, 100_003, 100_004]
    assert [row["name"] for row in pages[-1][0]] == ["v099999", "w0", "w1", "w2"]
    assert all(row["changed"] for row in pages[-1][0][1:])
    assert len(compared) <= 1


def test_an_order_by_size_takes_up_what_comes_later(shell: Shell) -> None:
    """It is made once a cell; names that come while it runs stand in their places."""
    shell.namespace.update(small=1, large=list(range(1000)))
    names = [row["name"] for row in shell.variables.page(sort="size")[0]]
    assert names == ["small", "large"]
    shell.namespace["middle"] = list(range(100))
    names = [row["name"] for row in shell.variables.page(sort="size")[0]]
    assert names == ["small", "middle", "large"]
    rows, total = shell.variables.page(sort="size", filter="l", descending=True)
    assert [row["name"] for row in rows] == ["large", "middle", "small"]
    assert total == 3
