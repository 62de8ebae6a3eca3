"""Magics of the user's variables and of the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, nearest
from ..safe import safe_repr, summary
from ..sizes import is_array
from .folders import forget_visited
from .options import Option
from .registry import MagicCall, magic

if TYPE_CHECKING:
    from ..shell import Shell


def _wanted(call: MagicCall) -> dict[str, Any]:
    kinds = call.arguments.split()
    names = call.shell.user_names()
    chosen = {n: v for n, v in names.items() if not kinds or type(v).__name__ in kinds}
    return dict(sorted(chosen.items()))


@magic("who_ls", arguments="[TYPE …]")
def who_ls(call: MagicCall) -> list[str]:
    """Give the names of the variables as a list; of some types if they are named."""
    return list(_wanted(call))


@magic("who", arguments="[TYPE …]")
def who(call: MagicCall) -> None:
    """Print the names of the variables; of some types if they are named."""
    print("\t".join(_wanted(call)) or "There are no variables.")


@magic("whos", arguments="[TYPE …]")
def whos(call: MagicCall) -> None:
    """Print the variables with type and value; of some types if they are named."""
    rows = []
    for name, value in _wanted(call).items():
        facts = summary(value)
        shape = f"{facts['shape']} {facts.get('dtype', '')}".strip() if "shape" in facts else ""
        rows.append((name, facts["type"], shape or safe_repr(value, 60)))
    if not rows:
        print("There are no variables.")
        return
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    heads = ("Variable", "Type", "Data/Info")
    widths = [max(width, len(head)) for width, head in zip(widths, heads, strict=False)]
    for row in (heads, tuple("-" * len(head) for head in heads), *rows):
        print(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}")


@magic(
    "reset",
    arguments="[in] [out] [dhist] [array]",
    options=(
        Option("-f", "force", "do not ask"),
        Option("-s", "soft", "forget variables alone: results stay"),
    ),
)
def reset(call: MagicCall) -> None:
    """Forget all variables and results; inputs and history stay. It asks first.

    With words, forget these alone: ``in`` is the texts of this session's inputs, ``out`` its
    results, ``dhist`` the folders that %cd has left, ``array`` the variables that are arrays.
    """
    chosen = call.words
    for word in chosen:
        if word not in _FORGETS:
            hint = " or ".join(nearest(word, _FORGETS)) or ", ".join(_FORGETS)
            raise UsageError(f"%reset does not know {word!r}; it knows {hint}.")
    told = ", ".join(_FORGETS[word][0] for word in chosen) or "all variables"
    if not call.options.force and not _agreed(call, f"Forget {told} of this session (y/[n])? "):
        print("Nothing is forgotten.")
        return
    for word in chosen:
        _FORGETS[word][1](call.shell)
    if not chosen:
        call.shell.reset(results=not call.options.soft)


def _agreed(call: MagicCall, question: str) -> bool:
    answer = call.shell.front_end.read_input(question, password=False)
    return answer.strip().lower() in ("y", "yes")


def _forget_arrays(shell: Shell) -> None:
    for name, value in shell.user_names().items():
        if is_array(value):
            del shell.namespace[name]


_FORGETS: dict[str, tuple[str, Callable[[Shell], None]]] = {
    "in": ("the inputs", lambda shell: shell.results.clear_inputs()),
    "out": ("the results", lambda shell: shell.results.clear()),
    "dhist": ("the folders that %cd has left", lambda shell: forget_visited()),
    "array": ("the arrays", _forget_arrays),
}


@magic("reset_selective", arguments="PATTERN", options=(Option("-f", "force", "do not ask"),))
def reset_selective(call: MagicCall) -> None:
    """Forget the variables whose names match a regular expression; it asks first."""
    import re

    try:
        pattern = re.compile(call.arguments)
    except re.error as error:
        raise UsageError(f"{call.arguments} is no regular expression: {error}.") from None
    names = [name for name in call.shell.user_names() if pattern.search(name)]
    if not names:
        print(f"No variable matches {call.arguments}.")
    elif not call.options.force and not _agreed(call, f"Forget {', '.join(names)} (y/[n])? "):
        print("Nothing is forgotten.")
        return
    for name in names:
        del call.shell.namespace[name]


@magic(
    "xdel",
    arguments="NAME",
    options=(Option("-n", "by_name", "delete the variable alone, not others of its value"),),
)
def xdel(call: MagicCall) -> None:
    """Delete a variable and every reference that the shell keeps to its value.

    Other variables of that value, ``Out`` and ``_`` go too, so that its memory is freed.
    """
    namespace, name = call.shell.namespace, call.arguments
    if name not in namespace:
        raise UsageError(f"No variable is called {name}.")
    value = namespace.pop(name)
    if call.options.by_name:
        return
    for other in [key for key, held in namespace.items() if held is value]:
        del namespace[other]
    call.shell.results.free_object(value)


@magic("env", arguments="[NAME[=VALUE]]", expands=False)
def env(call: MagicCall) -> Any:
    """Show the environment, a variable of it, or set one."""
    text = call.arguments
    if not text:
        return dict(os.environ)
    for separator in ("=", " "):
        if separator in text:
            name, _, value = text.partition(separator)
            return _set(call, name.strip(), call.shell.expand(value.strip(), call.frame))
    if text not in os.environ:
        raise UsageError(f"The environment has no {text}.")
    return os.environ[text]


@magic("set_env", arguments="NAME=VALUE")
def set_env(call: MagicCall) -> None:
    """Set a variable of the environment."""
    name, _, value = call.arguments.replace("=", " ", 1).partition(" ")
    if not name:
        raise UsageError("%set_env wants NAME=value.")
    _set(call, name, value.strip())


def _set(call: MagicCall, name: str, value: str) -> None:
    os.environ[name] = value
    print(f"env: {name}={value}")
