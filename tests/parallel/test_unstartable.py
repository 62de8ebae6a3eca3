"""A session whose engine cannot be started again says so, and goes on once it can."""

from __future__ import annotations

from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.errors import SessionError
from vivo.parallel.launch import SessionOptions, end_session, start_session


async def test_a_restart_where_the_folder_is_gone_is_refused(home: Path) -> None:
    """Nobody waits for an engine that does not come; what is sent to it fails; a later one runs."""
    folder = home / "work"
    folder.mkdir()
    entry = await start_session(SessionOptions(cwd=str(folder)))
    client = await SessionClient.connect(entry.connection_file)
    try:
        folder.rmdir()
        with pytest.raises(SessionError, match=f"cannot be started in {folder}: No such file"):
            await client.restart()
        record = await (await client.execute("1 + 1")).finished()
        assert record.status == "error"
        assert record.error is not None
        assert record.error.name == "EngineDied"
        folder.mkdir()
        assert (await client.restart())["state"] in ("idle", "starting")
        record = await (await client.execute("1 + 1")).finished()
        assert record.values[0].data == {"text/plain": "2"}
    finally:
        await client.close()
        await end_session(entry.id)
