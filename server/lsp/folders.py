"""The workspace's folders, which come and go while the editor is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from ..sessions import path_of

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        gone = {path_of(folder.uri) for folder in params.event.removed}
        kept = [folder for folder in server.sessions.folders if folder not in gone]
        added = [path_of(folder.uri) for folder in params.event.added]
        new = [folder for folder in added if folder is not None and folder not in kept]
        server.sessions.folders = [*kept, *new]
        server.finding.look_anew()
