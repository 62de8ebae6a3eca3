"""The interpreters for a document: listed without running any, and chosen."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ...parallel.interpreters import find_python
from ..interpreter_discovery import Discovery, Interpreter
from ..interpreters import choose, is_inside
from ..protocol.interpreters import (
    InterpreterInfo,
    InterpreterList,
    InterpretersParams,
    UseInterpreterParams,
)
from ..protocol.sessions import SessionInfo
from .session_commands import attach_all, info_of

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer


async def interpreters(server: VivoServer, params: InterpretersParams) -> InterpreterList:
    """The interpreters for a document, with the one that a new session would run."""
    folders = server.sessions.folders
    file = server.sessions.file_of(params.uri or "untitled:")
    discovery = Discovery(os.environ, Path.home())
    found = await asyncio.to_thread(discovery.for_file, file, folders)
    setting, trusted = server.settings.python, server.settings.trusted
    chosen = choose(file, setting, folders=folders, trusted=trusted).python
    if all(each.path != chosen for each in found):
        kind = "setting" if setting else "vivo"
        version = None if setting else ".".join(map(str, sys.version_info[:3]))
        found.insert(0, Interpreter(chosen, kind, Path(chosen).name, version))
    return InterpreterList(
        [
            InterpreterInfo(
                path=each.path,
                kind=each.kind,  # type: ignore[arg-type] # Discovery's kinds are among them
                name=each.name,
                version=each.version,
                chosen=each.path == chosen,
                in_workspace=is_inside(each.path, file, folders),
            )
            for each in found
        ],
        trusted,
    )


async def use_interpreter(server: VivoServer, params: UseInterpreterParams) -> SessionInfo:
    """Have a document, or its folder, served by a session with that interpreter."""
    manager, is_folder = server.sessions, params.scope == "folder"
    python = find_python(params.python, manager.folder_of(params.uri))
    session = manager.of(params.uri)
    if session.entry is None or session.python != python:
        session = await manager.use_new(params.uri, folder=is_folder, name=None, python=python)
    else:
        session = manager.use(params.uri, session.id, folder=is_folder)
    await attach_all(server)
    return await info_of(session)


HANDLERS: dict[str, Handler] = {
    "vivo.server.interpreters": interpreters,
    "vivo.server.useInterpreter": use_interpreter,
}
