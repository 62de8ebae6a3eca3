"""The commands and requests that the protocol declares, each given to its handler.

A handler is ``async def handler(server, params)`` in the module of its subject, which lists it in
``HANDLERS``. What it raises of :class:`SessionError` is answered as an error with that sentence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException

from ...core.errors import VivoError
from ..protocol import MESSAGES
from ..protocol.declaring import Message
from . import (
    cluster_sending,
    cluster_status,
    cluster_targets,
    cluster_views,
    comms,
    console_commands,
    debugging,
    error_commands,
    exporting,
    inspecting,
    interpreter_commands,
    missing_modules,
    notebook_runs,
    output_events,
    presence,
    queueing,
    running,
    session_commands,
    value_commands,
    variables,
    virtual_documents,
)
from .converter import structure_command

if TYPE_CHECKING:
    from .server import VivoServer

Handler = Callable[["VivoServer", Any], Awaitable[Any]]

HANDLERS: dict[str, Handler] = {
    **running.HANDLERS,
    **queueing.HANDLERS,
    **presence.HANDLERS,
    **session_commands.HANDLERS,
    **interpreter_commands.HANDLERS,
    **missing_modules.HANDLERS,
    **debugging.HANDLERS,
    **value_commands.HANDLERS,
    **error_commands.HANDLERS,
    **output_events.HANDLERS,
    **notebook_runs.HANDLERS,
    **virtual_documents.HANDLERS,
    **cluster_sending.HANDLERS,
    **cluster_status.HANDLERS,
    **cluster_targets.HANDLERS,
    **cluster_views.HANDLERS,
    **variables.HANDLERS,
    **exporting.HANDLERS,
    **inspecting.HANDLERS,
    **comms.HANDLERS,
    **console_commands.HANDLERS,
}


class CommandError(JsonRpcException):
    """What was asked could not be done; its message is for the user."""

    CODE = -32803  # RequestFailed
    MESSAGE = "The command failed"


def register(server: VivoServer) -> None:
    """Register every command and every request of the client's that the protocol declares."""
    for message in MESSAGES:
        if message.kind == "command":
            _register_command(server, message, HANDLERS[message.name])
        elif message.kind == "query":
            _register_query(server, message, HANDLERS[message.name])


def _register_command(server: VivoServer, message: Message, handler: Handler) -> None:
    async def command(*arguments: Any) -> Any:
        params: Any = structure_command(server.converter, message.name, message.params, arguments)
        await server.arriving.come(message.name, params)
        return await _handled(server, handler, params)

    server.command(message.name)(command)


def _register_query(server: VivoServer, message: Message, handler: Handler) -> None:
    async def query(params: Any) -> Any:
        return await _handled(server, handler, params)

    server.feature(message.name)(query)


async def _handled(server: VivoServer, handler: Handler, params: Any) -> Any:
    try:
        result = await handler(server, params)
    except VivoError as error:
        raise CommandError(str(error)) from None
    return server.converter.unstructure(result) if result is not None else None
