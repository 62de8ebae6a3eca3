"""The frames of an error, kept to be looked at: what a debugger shows of where a cell failed.

Rules:

1. Nothing here needs a tracer: the error's traceback holds its frames, and this holds the traceback
   until it is let go. Other cells may run meanwhile.
2. Stack and variables are told by look-ups that run no user code, for any thread. An evaluation
   runs the user's code: on the main thread alone (:func:`evaluate`).
3. What an evaluation assigns holds in the frame for as long as it is looked at. The frame is over:
   nothing of it goes on.
4. A reference is a number that stays what it is; every page of a value's children costs a page.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import sys
import threading
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from .children import children, children_count
from .compiler import real_path
from .errors import UsageError
from .execution import call_user_code
from .safe import UNKNOWN, type_name
from .traceback_frames import is_ours
from .tracebacks import message_of, related, traceback_of
from .value_facts import facts_of

if TYPE_CHECKING:
    from .shell import Shell

EVALUATION_MIME = "application/vnd.vivo.evaluation+json"
MAXIMUM_CAUSES = 20
_PAGE = 1000
_LONGEST_TEXT = 20_000
_HIDDEN = frozenset(
    {
        "In", "Out", "_", "__", "___", "_dh", "_oh", "exit", "quit", "get_ipython", "open",
        "display",
        "__name__", "__doc__", "__package__", "__loader__", "__spec__", "__annotations__",
        "__builtins__", "__builtin__", "__file__", "__warningregistry__",
    }
)  # fmt: skip
_HISTORY = re.compile(r"_i*\d*$")
_PLAIN = re.compile(r"[^\W\d]\w*")

current: PostMortem | None = None
"""The one that is looked at; the process has one."""


def is_shown(name: str) -> bool:
    """Whether a name is the user's, not the session's own."""
    return name not in _HIDDEN and not _HISTORY.match(name)


class FramePlace(NamedTuple):
    """A frame of a stack. Lines and columns are 1-based; 0 where Python does not know."""

    id: int
    function: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int


class Variable(NamedTuple):
    """A value as it is shown; ``reference`` leads to its children, 0 to none."""

    name: str
    text: str
    type: str
    reference: int
    children: int
    expression: str
    """What gives it in its frame; empty where nothing does."""


class _Entry(NamedTuple):
    frame: FrameType
    line: int
    instruction: int


class _Held(NamedTuple):
    value: Any
    expression: str


class PostMortem:
    """The frames of an error and of its causes, each error's a stack of its own."""

    def __init__(self, error: BaseException) -> None:
        """Raises :class:`UsageError` if no frame is left."""
        chain = itertools.islice(related(error), MAXIMUM_CAUSES)
        stacks = [(each, _entries(traceback_of(each))) for each in chain]
        self.errors = [each for each, entries in stacks if entries or each is error]
        self._stacks = [entries for each, entries in stacks if entries or each is error]
        if not self._stacks or not self._stacks[0]:
            raise UsageError("The last error has no frames to look at any more.")
        self._locals: dict[int, dict[str, Any]] = {}
        self._held: dict[int, _Held] = {}
        self._scopes: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    # --- Stacks ----------------------------------------------------------------------------

    def titles(self) -> list[str]:
        """What each stack is: the error first, then its causes."""
        named = [f"{type_name(each)}: {message_of(each)}".strip(": ") for each in self.errors]
        shown = [each.split("\n")[0][:200] for each in named]
        return [
            each if number == 0 else f"before that, {each}" for number, each in enumerate(shown)
        ]

    def stack(self, number: int, start: int = 0, count: int = 0) -> tuple[list[FramePlace], int]:
        """Frames of a stack, innermost first, and how many there are. ``count`` 0 means all."""
        entries = self._stack(number)
        total = len(entries)
        end = min(total, start + count) if count > 0 else total
        places = [self._place(number, at) for at in range(max(0, start), end)]
        return places, total

    def _stack(self, number: int) -> list[_Entry]:
        if not 0 <= number < len(self._stacks):
            raise UsageError(f"The post-mortem has no stack {number + 1}.")
        return self._stacks[number]

    def _place(self, number: int, at: int) -> FramePlace:
        entries = self._stacks[number]
        entry = entries[len(entries) - 1 - at]
        code = entry.frame.f_code
        function = code.co_qualname if sys.version_info >= (3, 11) else code.co_name
        line, end, column, end_column = _position(code, entry)
        identity = self._identity(number, at)
        path = real_path(code.co_filename)
        return FramePlace(identity, function, path, line, column, end, end_column)

    def _identity(self, number: int, at: int) -> int:
        return sum(map(len, self._stacks[:number])) + at + 1

    def _frame(self, identity: int) -> FrameType:
        left = identity - 1
        for entries in self._stacks:
            if 0 <= left < len(entries):
                return entries[len(entries) - 1 - left].frame
            left -= len(entries)
        raise UsageError(f"The post-mortem has no frame {identity}.")

    # --- Variables -------------------------------------------------------------------------

    def scopes(self, identity: int) -> list[tuple[str, int, int]]:
        """The scopes of a frame: name, reference, how many variables."""
        frame = self._frame(identity)
        found = []
        if self.local_names(identity) is not frame.f_globals:
            found.append(("Locals", self._scope(identity, 0)))
        found.append(("Globals", self._scope(identity, 1)))
        return [(name, each, len(_user_items(self._held[each].value))) for name, each in found]

    def _scope(self, identity: int, kind: int) -> int:
        key = identity * 2 + kind
        with self._lock:
            reference = self._scopes.get(key)
        if reference is None:
            frame = self._frame(identity)
            names = frame.f_globals if kind else self.local_names(identity)
            reference = self._scopes[key] = self._hold(_Names(names), "")
        return reference

    def local_names(self, identity: int) -> dict[str, Any]:
        """The local names of a frame with their values; rule 3."""
        frame = self._frame(identity)
        held: Any = frame.f_locals
        if held is frame.f_globals:
            return _globals_of(frame)
        with self._lock:
            if identity not in self._locals:
                # a class's body may stand in any mapping: of such a one nothing is told
                is_plain = type(held) is dict or type(held).__name__ == "FrameLocalsProxy"
                self._locals[identity] = dict(held) if is_plain else {}
            return self._locals[identity]

    def variables(self, reference: int, start: int = 0, count: int = 0) -> list[Variable]:
        """What a scope or a value holds. ``count`` 0 means as many as a page has."""
        held = self._held.get(reference)
        if held is None:
            raise UsageError(f"The post-mortem has no variables {reference}.")
        start, count = max(0, start), min(count, _PAGE) if count > 0 else _PAGE
        if isinstance(held.value, _Names):
            items = _user_items(held.value)[start : start + count]
            return [self.variable(name, value, name) for name, value in items]
        found = []
        for name, value, facts in children(held.value, start, count):
            expression = f"{held.expression}{name}" if held.expression and name[:1] in ".[" else ""
            if value is UNKNOWN:
                found.append(Variable(name, facts.text, facts.type, 0, 0, ""))
            else:
                found.append(self.variable(name.removeprefix("."), value, expression))
        return found

    def variable(self, name: str, value: Any, expression: str = "") -> Variable:
        """A value as it is shown, without its code."""
        facts, inside = facts_of(value), children_count(value)
        reference = self._hold(value, expression) if inside else 0
        return Variable(name, facts.text, facts.type, reference, inside, expression)

    def _hold(self, value: Any, expression: str) -> int:
        with self._lock:
            number = next(self._numbers)
            self._held[number] = _Held(value, expression)
        return number

    # --- Evaluation ------------------------------------------------------------------------

    def looked_up(self, identity: int, expression: str) -> Variable | None:
        """The value of a plain name, for any thread; None for what would have to be evaluated."""
        name = expression.strip()
        if not _PLAIN.fullmatch(name):
            return None
        frame = self._frame(identity)
        for names in (self.local_names(identity), frame.f_globals):
            if name in names:
                return self.variable(name, names[name], name)
        return None

    def evaluate(self, identity: int | None, expression: str) -> tuple[bool, Any]:
        """Run an expression, else statements, in a frame: whether it had a value, and that.

        On the main thread. Raises what the user's code raises.
        """
        frame = self._frame(identity if identity is not None else 1)
        names = self.local_names(identity if identity is not None else 1)
        source = expression.strip()
        try:
            code = compile(source, "<evaluation>", "eval")
        except SyntaxError:
            call_user_code(exec, compile(source, "<evaluation>", "exec"), frame.f_globals, names)
            return False, None
        return True, call_user_code(eval, code, frame.f_globals, names)


def _globals_of(frame: FrameType) -> dict[str, Any]:
    """The global names of a frame: themselves, no copy."""
    names: dict[str, Any] = frame.f_globals
    return names


class _Names:
    """The names of a scope."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names


def _user_items(scope: _Names) -> list[tuple[str, Any]]:
    """The user's names in order; private ones come last."""
    for _ in range(10):
        try:
            items = list(scope.names.items())
            break
        except RuntimeError:  # main has added a name meanwhile
            continue
    else:
        items = []
    shown = [each for each in items if type(each[0]) is str and is_shown(each[0])]
    return sorted(shown, key=lambda each: (each[0].startswith("_"), each[0]))


def _entries(traceback: TracebackType | None) -> list[_Entry]:
    found = []
    while traceback is not None:
        if not is_ours(traceback.tb_frame.f_code.co_filename):
            found.append(_Entry(traceback.tb_frame, traceback.tb_lineno or 0, traceback.tb_lasti))
        traceback = traceback.tb_next
    return found


def _position(code: CodeType, entry: _Entry) -> tuple[int, int, int, int]:
    """Line, last line, column and last column of what failed, 1-based."""
    if sys.version_info >= (3, 11) and entry.instruction >= 0:
        found = next(itertools.islice(code.co_positions(), entry.instruction // 2, None), None)
        if found is not None and None not in found:
            line, end, column, end_column = found
            return line or 0, end or 0, (column or 0) + 1, (end_column or 0) + 1
    return entry.line, entry.line, 1, 0


# --- By a request ------------------------------------------------------------------------------


def begin(shell: Shell) -> PostMortem:
    """Look at the last error from now on. Raises :class:`UsageError` if there is none."""
    global current  # noqa: PLW0603 - rule: the process has one, as it has one last error
    error = shell.last_error
    if error is None:
        raise UsageError(
            "There is no error to look at: a post-mortem begins before the next cell runs."
        )
    current = PostMortem(error)
    return current


def end() -> None:
    """Let go of the frames."""
    global current  # noqa: PLW0603 - as above
    current = None


class Evaluation:
    """The end of an evaluation, as data that a front end is shown."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": str(self._told.get("text", "")), EVALUATION_MIME: self._told}


def evaluate(identity: int | None, expression: str) -> None:
    """Evaluate in a frame of what is looked at; :func:`evaluation` tells. On the main thread, in a
    cell, which can be interrupted. Never raises.
    """
    global _last  # noqa: PLW0603 - one evaluation after the other, on one thread
    if current is None:
        _last = Evaluation({"ok": False, "text": "The post-mortem has ended.", "printed": ""})
        return
    looked_at, printed = current, io.StringIO()
    told: dict[str, Any]
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            has_value, value = looked_at.evaluate(identity, expression)
            told = {"ok": True, "text": "", "type": "", "reference": 0}
            if has_value and value is not None:
                shown = looked_at.variable("", value, f"({expression.strip()})")
                told |= {"type": shown.type, "reference": shown.reference}
                told["text"] = _rendered(value)
    except BaseException as error:  # noqa: BLE001 - whatever the user's code raises, it is told
        told = {"ok": False, "text": f"{type_name(error)}: {message_of(error)}".removesuffix(": ")}
    _last = Evaluation({**told, "printed": printed.getvalue()[:_LONGEST_TEXT]})


def evaluation() -> Evaluation:
    """What the last :func:`evaluate` came to; it is kept no longer."""
    global _last
    found, _last = _last, Evaluation({"ok": False, "text": "Nothing was evaluated."})
    return found


def _rendered(value: Any) -> str:
    from .shell import current_shell  # it imports this module's neighbours

    shell = current_shell()
    text = shell.formatters.format(value)[0].get("text/plain") if shell is not None else None
    return str(text if text is not None else facts_of(value).text)[:_LONGEST_TEXT]


_last = Evaluation({"ok": False, "text": "Nothing was evaluated."})
