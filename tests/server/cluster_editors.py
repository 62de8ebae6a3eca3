"""Editors that use a cluster, for tests: whatever happens, the cluster ends with the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from vivo.parallel.cluster.cluster import Cluster
from vivo.parallel.cluster.places import all_entries, has_ended

from tests.server.editors import Editor, end_all, make_editor


@asynccontextmanager
async def editing(home: Path, **options: Any) -> AsyncIterator[Editor]:
    """An editor that is told of clusters; its server ends with the block, a cluster does not."""
    editor = await make_editor(home, **options)
    editor.client.on_notification["vivo/clusterStatus"] = editor._noter("vivo/clusterStatus")
    try:
        yield editor
    finally:
        await editor.client.close()


@asynccontextmanager
async def last_editing(home: Path, **options: Any) -> AsyncIterator[Editor]:
    """The last editor of a test: with it end the sessions."""
    async with editing(home, **options) as editor:
        try:
            yield editor
        finally:
            await end_all(editor)


def stop_all() -> None:
    """Stop every cluster of the test's home, also those whose controllers were killed."""
    for entry in all_entries():
        how = has_ended(entry)
        if how != "stopped":
            cluster = Cluster.resume(entry["name"]) if how else Cluster.connect(entry["name"])
            cluster.stop()


async def sent(editor: Editor, **params: Any) -> dict[str, Any]:
    """Send code to the cluster; how it ended."""
    started = await editor.start("sendToCluster", **params)
    return await editor.end_of(started["executionId"])
