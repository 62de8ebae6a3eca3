"""A module that is missing leads on: install it into the session's environment, or choose another.

Rules:

1. What is offered is widely known (:mod:`..distributions`), in a session of the document's own, and
   names the interpreter whose environment will change.
2. In a workspace that is not trusted nothing is installed; an interpreter is the user's to choose.
3. It is a cell as others are: its output is shown, it waits its turn and can be interrupted.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...parallel.errors import SessionError
from ...parallel.interpreters import OLDEST_PYTHON
from ...parallel.messages import RunOrigin
from ..distributions import environment_of, has_pip, is_known, missing_distribution
from ..protocol.interpreters import (
    InstallParams,
    InterpreterInfo,
    InterpretersParams,
    UseInterpreterParams,
)
from ..protocol.running import RunStarted
from ..protocol.sessions import SessionInfo
from .interpreter_commands import interpreters, use_interpreter

if TYPE_CHECKING:
    from ..live import LiveSession
    from .failures import Failure
    from .handling import Handler
    from .server import VivoServer

_MOST_ASKED = 8
_UNTRUSTED = (
    "This workspace is not trusted: nothing is installed for it. Trust it in the editor first."
)


def actions(server: VivoServer, failure: Failure) -> list[types.CodeAction]:
    """What leads on from an error, if a module is missing."""
    error, session = failure.record.error, failure.session
    if error is None or session is None or not _is_own(server, session):
        return []
    if error.name != "ModuleNotFoundError":
        return []
    found = []
    distribution = missing_distribution(error.name, error.message)
    if distribution is not None and server.settings.trusted:
        title = f"Install {distribution} into this session's environment ({_shown(session.python)})"
        argument: dict[str, Any] = {"uri": failure.uri, "package": distribution}
        found.append(_action(title, "vivo.server.installPackage", argument, is_preferred=True))
    title = f"Choose another interpreter than {_shown(session.python)}…"
    found.append(_action(title, "vivo.server.chooseInterpreter", {"uri": failure.uri}))
    return found


def _is_own(server: VivoServer, session: LiveSession) -> bool:
    return session in server.sessions.all() and session.client is not None


def _action(
    title: str, command: str, argument: dict[str, Any], *, is_preferred: bool = False
) -> types.CodeAction:
    return types.CodeAction(
        title=title,
        kind=types.CodeActionKind.QuickFix,
        command=types.Command(title, command, arguments=[argument]),
        is_preferred=is_preferred or None,
    )


def _shown(python: str) -> str:
    home = str(Path.home())
    return f"~{python[len(home) :]}" if python.startswith(f"{home}/") else python


async def install(server: VivoServer, params: InstallParams) -> RunStarted:
    """Install a package into the environment of the document's session (rule 3)."""
    if not server.settings.trusted:
        raise SessionError(_UNTRUSTED)
    if not is_known(params.package):
        raise SessionError(
            f"vivo installs only what is widely known, and {params.package[:60]!r} is not: run "
            "%pip install yourself if you know who publishes it."
        )
    session = server.sessions.of(params.uri)
    await session.ready()
    lacks_pip = not session.is_far and not has_pip(session.python)
    by_uv = lacks_pip and shutil.which("uv") is not None
    code = f"%{'uv pip' if by_uv else 'pip'} install {params.package}"
    run = session.send(code, RunOrigin(client=server.client_name), stop_on_error=False).id
    session.at_end(run, lambda: server.in_background(_told(server, session, run, params.package)))
    return RunStarted(run, [run], None, None)


async def _told(server: VivoServer, session: LiveSession, run: str, package: str) -> None:
    """Tell how it ended: by the status of the command that the cell ran."""
    record = session.runs.get(run)
    if record is None or record.status == "aborted" or session.client is None:
        return
    asked = {"status": "_exit_code"}
    execution = await session.client.execute(
        "", silent=True, store_history=False, user_expressions=asked
    )
    reply = (await execution.reply()).content.get("user_expressions", {}).get("status", {})
    environment = _shown(environment_of(session.python))
    if record.status == "ok" and reply.get("data", {}).get("text/plain") == "0":
        told = f"{package} is installed in {environment}: run the cell again."
        server.show_message(told, types.MessageType.Info)
    else:
        told = f"{package} was not installed in {environment}: the output of pip says why."
        server.show_message(told, types.MessageType.Warning)


async def choose_interpreter(server: VivoServer, params: InterpretersParams) -> SessionInfo | None:
    """Ask the user for another interpreter, and use it for the document's folder."""
    if params.uri is None:
        raise SessionError("For which document? vivo.server.chooseInterpreter wants a uri.")
    listed = (await interpreters(server, params)).interpreters
    current = server.sessions.of(params.uri).python
    others = {
        _title(each): each.path for each in listed if each.path != current and not _is_too_old(each)
    }
    if not others:
        raise SessionError(
            f"No interpreter was found but {_shown(current)}: make an environment "
            "(python -m venv .venv), or name one in the setting `python`."
        )
    actions = [types.MessageActionItem(title) for title in [*others][:_MOST_ASKED]]
    question = f"Which interpreter is to run the cells, instead of {_shown(current)}?"
    asked = types.ShowMessageRequestParams(types.MessageType.Info, question, actions)
    answer = await server.window_show_message_request_async(asked)
    if answer is None or answer.title not in others:
        return None
    chosen = UseInterpreterParams(params.uri, others[answer.title])
    return await asyncio.shield(use_interpreter(server, chosen))


def _title(interpreter: InterpreterInfo) -> str:
    name, version = interpreter.name, interpreter.version
    known = name if version is None or name == version else f"{name}, Python {version}"
    return f"{known} ({_shown(interpreter.path)})"


def _is_too_old(interpreter: InterpreterInfo) -> bool:
    """Whether its environment's own files say so; what says nothing is offered."""
    numbers = re.match(r"(\d+)\.(\d+)", interpreter.version or "")
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < OLDEST_PYTHON


HANDLERS: dict[str, Handler] = {
    "vivo.server.installPackage": install,
    "vivo.server.chooseInterpreter": choose_interpreter,
}
