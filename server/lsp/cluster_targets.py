"""The engine that answers for a cell: chosen by the user, and kept with the cell as it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcInvalidParams

from ...parallel.errors import SessionError
from ...parallel.messages import RunRecord
from ..anchors import Anchors
from ..protocol.cluster import ClusterTargetParams, ClusterTargetResult
from .cluster_status import NO_CLUSTER

if TYPE_CHECKING:
    from ..cluster_engines import EngineSession
    from .handling import Handler
    from .server import VivoServer


class ClusterTargets:
    """The chosen engines, by the first lines of their cells."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._anchors: dict[str, Anchors] = {}
        self._chosen: dict[str, tuple[int, str | None]] = {}
        """By the id of an anchor: the engine, and its cluster if one was named."""
        self._count = 0

    def choose(self, uri: str, line: int, engine: int | None, name: str | None) -> None:
        """Choose the engine of the cell that begins on a line; None for the session again."""
        anchors = self._current(uri, make=True)
        assert anchors is not None
        for each in [each for each in anchors.anchors if each.start == line]:
            anchors.anchors.remove(each)
            self._chosen.pop(each.record.id, None)
        if engine is not None:
            self._count += 1
            record = RunRecord(id=f"target-{self._count}", source=anchors.lines[line])
            record.first_line = line + 1
            anchors.place(record, line, line + 1)
            self._chosen[record.id] = engine, name

    def closed(self, uri: str) -> None:
        """A document was closed: its cells are the session's again."""
        anchors = self._anchors.pop(uri, None)
        for each in anchors.anchors if anchors is not None else ():
            self._chosen.pop(each.record.id, None)

    def engine_at(self, uri: str, line: int) -> int | None:
        """The engine that was chosen for the cell at a line."""
        found = self._at(uri, line)
        return found[0] if found is not None else None

    def session_at(self, uri: str, line: int) -> tuple[bool, EngineSession | None]:
        """Whether an engine was chosen for the cell at a line, and that engine if it is up."""
        found = self._at(uri, line)
        if found is None:
            return False, None
        number, name = found
        cluster = self._server.clusters.known(uri, name)
        return True, cluster.engines.get(number) if cluster is not None else None

    def _at(self, uri: str, line: int) -> tuple[int, str | None] | None:
        anchors = self._current(uri)
        if anchors is None or not anchors.anchors:
            return None
        cell = self._server.document(uri).text.cell_at(line)
        anchor = anchors.at(cell.start) if cell is not None else None
        return self._chosen.get(anchor.record.id) if anchor is not None else None

    def _current(self, uri: str, *, make: bool = False) -> Anchors | None:
        anchors = self._anchors.get(uri)
        if anchors is None and not make:
            return None
        lines = self._server.text_of(uri).split("\n")
        if anchors is None:
            anchors = self._anchors[uri] = Anchors(lines)
        elif anchors.lines != lines:
            anchors.replace(lines)
        return anchors


async def target(server: VivoServer, params: ClusterTargetParams) -> ClusterTargetResult:
    """Choose the engine that answers for the cell at a position."""
    uri = params.uri
    cell = server.document(uri).text.cell_at(params.position.line)
    if cell is None or cell.is_markdown:
        raise JsonRpcInvalidParams(message="There is no cell with code at the cursor.")
    if params.engine is not None:
        cluster = await server.clusters.attach(uri, params.name)
        if cluster is None:
            raise SessionError(NO_CLUSTER)
        if params.engine not in cluster.engines and cluster.cluster is not None:
            await cluster.sync(await cluster.cluster.status())
        if params.engine not in cluster.engines:
            from ..cluster_values import numbers_text

            there = numbers_text(cluster.engines) or "none"
            raise SessionError(f"Engine {params.engine} is not up; those that are: {there}.")
    server.cluster_targets.choose(uri, cell.start, params.engine, params.name)
    where = server.presenter.range_of(uri, cell.start, cell.end)
    return ClusterTargetResult(where, params.engine)


HANDLERS: dict[str, Handler] = {"vivo.server.cluster.target": target}
