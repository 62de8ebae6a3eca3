"""Running the statements of a cell: parts, values, and the event loop where one is needed.

Rules:

1. A cell runs as one module whose shown expressions are evaluated apart.
2. Cells without ``await`` run outside the event loop, so that ``asyncio.run`` works in them as in
   any program. A cell that awaits, or whose top level asks for the running loop, runs in
   the shell's one loop, which lives as long as the shell: tasks go on between cells.
3. Every cell runs in the shell's one context: context variables keep their values.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Coroutine, Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from .execution import TRAMPOLINES, StatementValue

if TYPE_CHECKING:
    from .compiler import Compiler
    from .execution import ExecutionResult
    from .shell import Shell

_CO_COROUTINE = 0x80  # of inspect, which a start need not load
_WANT_LOOP = frozenset({"create_task", "ensure_future", "get_running_loop", "TaskGroup"})
_MAY_WANT_LOOP = re.compile("|".join(_WANT_LOOP))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Part(NamedTuple):
    """A piece of a cell that runs at once."""

    code: CodeType
    statement: ast.stmt | None
    """The expression whose value is shown; None where nothing is."""
    assigned: tuple[str, ...] = ()
    """The names that the statement assigns, if it is their values that are told."""

    def tell_assigned(self, shell: Shell, result: ExecutionResult) -> None:
        """Tell the values of the assigned names: beside the code alone, not shown, nor in Out."""
        if not self.assigned or self.statement is None:
            return
        from .previews import MAXIMUM_ASSIGNED, assigned_data

        if len(result.values) < MAXIMUM_ASSIGNED:
            data = assigned_data(shell.namespace, self.assigned, shell.settings.secret_words)
            last = self.statement.end_lineno or self.statement.lineno
            result.values.append(StatementValue(self.statement.lineno, last, data, {}))

    @property
    def awaits(self) -> bool:
        """Whether its code is a coroutine."""
        return bool(self.code.co_flags & _CO_COROUTINE)


def parts_of(
    tree: ast.Module, name: str, text: str, first_line: int, interactivity: str, compiler: Compiler
) -> list[Part]:
    """The parts of a cell: statements that run, and expressions whose values are shown.

    ``interactivity`` is one of the setting's, or ``assignments``: all, and beside them the values
    of the names that top-level statements assign are told.
    """
    shown = _shown(tree, interactivity)
    parts: list[Part] = []
    waiting: list[ast.stmt] = []

    def flush(assignment: ast.stmt | None = None, names: tuple[str, ...] = ()) -> None:
        if waiting:
            module = ast.Module(body=list(waiting), type_ignores=[])
            parts.append(Part(compiler.compile(module, name), assignment, names))
            waiting.clear()

    lines = text.split("\n")
    for statement in tree.body:
        target = shown.get(id(statement))
        if target is None:
            waiting.append(statement)
            names = assigned_by(statement) if interactivity == "assignments" else ()
            if names and not _is_silenced(statement, lines, first_line):
                flush(statement, names)
            continue
        if target is not statement:  # an assignment: it runs, then its name is shown
            waiting.append(statement)
        if _is_silenced(statement, lines, first_line):
            if target is statement:
                waiting.append(statement)
            continue
        flush()
        expression = target.value if isinstance(target, ast.Expr) else None
        assert expression is not None
        parts.append(Part(compiler.compile(ast.Expression(expression), name), statement))
    flush()
    return parts


def _shown(tree: ast.Module, interactivity: str) -> dict[int, ast.Expr]:
    """Which statements show a value, by id, and the expression that does."""
    body = tree.body
    if interactivity == "none" or not body:
        return {}
    if interactivity in ("all", "assignments"):
        return {id(statement): statement for statement in body if isinstance(statement, ast.Expr)}
    last = body[-1]
    if isinstance(last, ast.Expr):
        return {id(last): last}
    if interactivity == "last_expr_or_assign":
        name = _assigned_name(last)
        if name is not None:
            load = ast.Expr(ast.Name(name, ast.Load()))
            ast.copy_location(load, last)
            ast.copy_location(load.value, last)
            return {id(last): load}
    return {}


def _assigned_name(statement: ast.stmt) -> str | None:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)) and statement.value is not None:
        targets = [statement.target]
    return targets[0].id if targets and isinstance(targets[0], ast.Name) else None


def assigned_by(statement: ast.stmt) -> tuple[str, ...]:
    """The names that an assignment gives values, in order; none of any other statement."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)) and statement.value is not None:
        targets = [statement.target]
    else:
        return ()
    found: dict[str, None] = {}
    waiting: list[ast.expr] = list(reversed(targets))
    while waiting:
        target = waiting.pop()
        if isinstance(target, ast.Name):
            found[target.id] = None
        elif isinstance(target, (ast.Tuple, ast.List)):
            waiting.extend(reversed(target.elts))
        elif isinstance(target, ast.Starred):
            waiting.append(target.value)
    return tuple(found)


def _is_silenced(statement: ast.stmt, lines: list[str], first_line: int) -> bool:
    """Whether a semicolon ends the statement and nothing but a comment follows on its line."""
    index = (statement.end_lineno or 0) - first_line
    if not 0 <= index < len(lines) or ";" not in lines[index]:
        return False
    rest = lines[index].encode()[statement.end_col_offset or 0 :].decode("utf-8", "replace")
    rest = rest.strip()
    return rest.startswith(";") and (rest[1:].strip() == "" or rest[1:].lstrip().startswith("#"))


def wants_loop(tree: ast.Module, text: str | None) -> bool:
    """Whether the cell's top level asks for the running event loop without awaiting.

    ``text``: what the tree was made from, if all of the tree comes from it.
    """
    if text is not None and text.isascii() and not _MAY_WANT_LOOP.search(text):
        return False  # most cells; a name that is not ASCII may be spelled in several ways
    return any(
        isinstance(node, (ast.Attribute, ast.Name))
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in _WANT_LOOP
        for statement in tree.body
        for node in _top_level(statement)
    )


def _top_level(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the cell runs: not the bodies of functions and classes."""
    if isinstance(node, _DEFINITIONS):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _top_level(child)


async def await_user_code(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Await the user's coroutine: the frames above this one are the user's."""
    return await coroutine


ALL_TRAMPOLINES = TRAMPOLINES | {await_user_code.__code__}
