"""Hooks around cells: events, and functions that change what is typed."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell, UsageError
from vivo.core.interrupts import handle
from vivo.core.transform import Rule


def test_events_come_in_order_around_a_cell(shell: Shell) -> None:
    """Also around one that fails, or is no Python; with what is known before and after."""
    seen: list[Any] = []
    shell.events.register("pre_execute", lambda: seen.append("pre_execute"))
    shell.events.register("pre_run_cell", lambda info: seen.append(("pre", info.raw_cell)))
    shell.events.register("post_execute", lambda: seen.append("post_execute"))
    shell.events.register(
        "post_run_cell", lambda result: seen.append((result.info.raw_cell, result.success))
    )
    shell.run_cell("x = 1")
    assert seen == ["pre_execute", ("pre", "x = 1"), "post_execute", ("x = 1", True)]
    seen.clear()
    shell.run_cell("1 / 0")
    shell.run_cell("x = ")
    assert seen[3] == ("1 / 0", False)
    assert seen[7] == ("x = ", False)


def test_a_result_tells_callbacks_how_the_cell_ended(shell: Shell) -> None:
    """In the words that extensions use."""
    results: list[Any] = []
    shell.events.register("post_run_cell", results.append)
    for source in ("6 * 7", "1 / 0", "x = "):
        shell.run_cell(source)
    assert results[0].result == 42
    assert isinstance(results[1].error_in_exec, ZeroDivisionError)
    assert results[1].error_before_exec is None
    assert isinstance(results[2].error_before_exec, SyntaxError)
    assert results[2].error_in_exec is None


@pytest.mark.parametrize("what", [LookupError("mend me"), SystemExit(3), GeneratorExit()])
def test_a_failing_callback_is_told_and_stops_no_other(
    shell: Shell, shown: Any, capsys: Any, what: BaseException
) -> None:
    """Whatever it raises; it is taken out, and the cell runs."""
    seen: list[str] = []

    def broken(*_: Any) -> None:
        raise what

    for event in ("pre_execute", "pre_run_cell", "post_execute", "post_run_cell"):
        shell.events.register(event, broken)
        shell.events.register(event, lambda *_, event=event: seen.append(event))
    assert shell.run_cell("6 * 7").value == 42
    assert seen == ["pre_execute", "pre_run_cell", "post_execute", "post_run_cell"]
    said = capsys.readouterr().err
    assert said.count("broken of ") == 4
    assert f"of post_run_cell raised {type(what).__name__}" in said
    assert "It is taken out" in said
    shell.run_cell("1")
    assert capsys.readouterr().err == ""
    assert len(seen) == 8
    assert shown.of("error") == []


def test_an_interrupt_ends_an_endless_callback(shell: Shell, shown: Any) -> None:
    """Before the cell or after it: the cell is interrupted, and the callback stays."""

    def endless(*_: Any) -> None:
        while True:
            handle(shell, sys._getframe())

    for event in ("pre_run_cell", "post_execute"):
        shell.events.register(event, endless)
        assert shell.run_cell("1").status == "error"
        assert shown.of("error")[-1].name == "KeyboardInterrupt"
        shell.events.unregister(event, endless)
    assert shell.run_cell("1").status == "ok"


def test_a_callback_is_called_once_however_often_it_is_registered(shell: Shell) -> None:
    """An extension that is loaded again adds nothing; wrong events are told."""
    seen: list[int] = []

    def count(*_: Any) -> None:
        seen.append(1)

    for _ in range(3):
        shell.events.register("pre_execute", count)
    shell.run_cell("1")
    assert seen == [1]
    shell.events.unregister("pre_execute", count)
    shell.run_cell("1")
    assert seen == [1]
    with pytest.raises(UsageError, match="count is not registered for the event pre_execute"):
        shell.events.unregister("pre_execute", count)
    with pytest.raises(UsageError, match="There is no event pre_cell; there are pre_execute"):
        shell.events.register("pre_cell", count)


def test_shell_initialized_comes_when_the_profile_is_loaded(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, with the shell; an extension of the profile waits for it."""
    folder = home / "config" / "vivo" / "profiles"
    folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    (folder / "waiting.py").write_text(
        "def load_ipython_extension(shell):\n"
        "    shell.events.register('shell_initialized', ready)\n"
        "def ready(shell):\n"
        "    shell.namespace.setdefault('ready', []).append('start' in shell.namespace)\n",
        "utf-8",
    )
    (folder / "mine.toml").write_text('extensions = ["waiting"]\nstartup = ["start = 1"]', "utf-8")
    shell = Shell(profile="mine")
    shell.run_cell("1")
    assert shell.namespace["ready"] == [True]
    shell.close()


def test_rules_filters_and_trees_that_fail_are_taken_out(shell: Shell, capsys: Any) -> None:
    """What a user adds to the input's way is told once, and what is typed runs."""

    def broken(text: Any) -> Any:
        raise SystemExit("broken")

    class Broken(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> Any:
            raise LookupError("tree")

    class Forgetful(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return None

    shell.transformer.rules.add(Rule("mine", broken), before="help")
    shell.transformer.rules.add(Rule("longer", lambda line: "a\nb"), before="help")
    shell.transformer.filters += [broken, lambda text: 3]
    shell.input_transformers_cleanup.append(broken)
    shell.input_transformers_post.append(broken)
    shell.tree_transformers += [Broken(), Forgetful()]
    assert shell.run_cell("x = %time 6 * 7\nx").value == 42
    said = capsys.readouterr().err
    for told in (
        "The input rule mine (test_rules_filters_and_trees",
        "The input rule longer moves lines; it is taken out.",
        "The input filter test_rules_filters_and_trees",
        "gives no text; it is taken out.",
        "The input transformer test_rules",
        "The tree transformer test_rules_filters_and_trees_that_fail_are_taken_out.<locals>.Broken",
        "raised TypeError: visit gives no module",
    ):
        assert told in said, told
    assert said.count("taken out") == 8
    assert shell.run_cell("x = %time 6 * 7\nx").value == 42
    assert capsys.readouterr().err == ""


def test_a_tree_transformer_may_refuse_a_cell(shell: Shell, shown: Any) -> None:
    """It says why, the cell does not run, and the transformer stays."""
    shell.run_cell(
        "import ast\nfrom vivo.core.shim.interactive import InputRejected\n"
        "class NoLoops(ast.NodeTransformer):\n"
        "    def visit_While(self, node): raise InputRejected('loops are for others')\n"
        "get_ipython().tree_transformers.append(NoLoops())"
    )
    for _ in range(2):
        assert shell.run_cell("ran = 1\nwhile True: break").status == "error"
        assert "NoLoops does not take this cell: loops are" in shown.of("error")[-1].text()
    assert "ran" not in shell.namespace
    assert shell.run_cell("6 * 7").value == 42
