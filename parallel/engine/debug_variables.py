"""Variables as a debugger's front end shows them: without a stop, and rich at one."""

from __future__ import annotations

import ast
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ...core.errors import UsageError
from ...core.post_mortem import is_shown
from .front_end import plain_bundle, plain_data

if TYPE_CHECKING:
    from ...core.shell import Shell


class _Code:
    def __init__(self) -> None:
        self.co_filename, self.co_name, self.co_firstlineno = "<session>", "<module>", 1


class _Frame:
    """As much of a frame as the tracer's variables need."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.f_code = _Code()
        self.f_globals = self.f_locals = namespace
        self.f_back = None
        self.f_lineno = 1


class _Presentation:
    """What of the tracer its variables ask for."""

    def __init__(self) -> None:
        api = import_module("_pydevd_bundle.pydevd_api").PyDevdAPI
        self.variable_presentation = api.VariablePresentation()


class Explorer:
    """The session's variables while nothing is stopped, with the references of their parts.

    Making children and texts of values runs their code, on the debugger's thread.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        suspended = import_module("_pydevd_bundle.pydevd_suspended_frames")
        frames = import_module("_pydevd_bundle.pydevd_frame_utils")
        self._manager = suspended.SuspendedFramesManager()
        tracker = suspended._FramesTracker(self._manager, _Presentation())
        self._frame = _Frame({name: namespace[name] for name in list(namespace) if is_shown(name)})
        self._tracker = tracker
        tracker.track("session", frames.create_frames_list_from_frame(self._frame))

    def children(self, reference: int | None) -> list[dict[str, Any]]:
        """The parts of a variable, or the variables themselves; each as DAP's ``Variable``."""
        variable = self._manager.get_variable(reference or id(self._frame))
        found = [each.get_var_data() for each in variable.get_children_variables()]
        return [each for each in found if is_shown(each["name"])]


def rich(shell: Shell, value: Any) -> dict[str, Any]:
    """The MIME bundle of a value with its metadata, as JSON can hold them."""
    data, metadata = shell.formatters.format(value)
    return {"data": plain_bundle(data), "metadata": plain_data(metadata)}


def rich_text(value: Any) -> str:
    """The same as a text, of the current shell; called by an evaluation at a stop."""
    from ...core.shell import current_shell

    shell = current_shell()
    assert shell is not None, "an engine has a shell"
    return json.dumps(rich(shell, value))


def rich_expression(name: str) -> str:
    """What to evaluate at a stop for the rich text of a variable."""
    return f"__import__('sys').modules[{__name__!r}].rich_text({name})"


def rich_of(result: str) -> dict[str, Any]:
    """The bundle in an evaluation's result, which is the text or its representation.

    Raises :class:`UsageError` where it is neither: the evaluation has failed.
    """
    try:
        text = ast.literal_eval(result) if result[:1] in "'\"" else result
        found: dict[str, Any] = json.loads(text)
    except (ValueError, SyntaxError):
        raise UsageError(result.strip().splitlines()[-1]) from None  # the evaluation's traceback
    return found
