"""Every message between editor and server that LSP has no word for, declared once.

``docs/protocol.md`` and the TypeScript types of the VS Code extension are generated
from the declarations in these modules, a subject each (``python -m vivo.server.generate``), and a
test fails when they differ. On the wire a field's name is camelCase.

Rules:

1. A command that runs code answers at once, with an execution id. The end of the
   execution is the notification ``vivo/executionFinished``.
2. A client that does not know a notification loses nothing that LSP itself can show.
3. Positions and ranges are LSP's own, in the negotiated encoding.
"""

from __future__ import annotations

from . import (
    cluster,
    cluster_view,
    consoles,
    debugging,
    documents,
    exporting,
    inspecting,
    interpreters,
    notebooks,
    outputs,
    queue,
    running,
    sessions,
    variables,
    widgets,
)
from .declaring import Message

MESSAGES: tuple[Message, ...] = (
    *running.MESSAGES,
    *queue.MESSAGES,
    *sessions.MESSAGES,
    *interpreters.MESSAGES,
    *debugging.MESSAGES,
    *outputs.MESSAGES,
    *notebooks.MESSAGES,
    *documents.MESSAGES,
    *cluster.MESSAGES,
    *cluster_view.MESSAGES,
    *variables.MESSAGES,
    *exporting.MESSAGES,
    *inspecting.MESSAGES,
    *widgets.MESSAGES,
    *consoles.MESSAGES,
)
