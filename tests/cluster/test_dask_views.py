"""The suite of direct views, on engines that are guests in Dask workers.

The tests are those of sessions, taken over one by one; what a guest cannot do has a test of its own
that asks for the sentence which says so.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import ClusterError, EngineErrors
from vivo.parallel.cluster.views import DirectView

from tests.conftest import HOME_VARIABLES
from tests.parallel import test_cluster_views as suite

_NOT_OF_GUESTS = {
    # They start sessions of their own, and ask nothing of what hosts an engine:
    "test_large_arrays_go_by_sockets_where_no_memory_is_shared",
    "test_what_is_sent_later_is_what_was_given",
    # A guest cannot, and says so (below):
    "test_a_function_is_sent_once_and_again_after_a_restart",
    "test_an_engine_is_debugged_as_any_session_is",
    "test_an_engine_that_is_killed_fails_its_calls",
}
for _name in dir(suite):
    if _name.startswith("test_") and _name not in _NOT_OF_GUESTS:
        globals()[_name] = getattr(suite, _name)


@pytest.fixture(scope="module")
def engines() -> Iterator[Cluster]:
    """A cluster of two for all of the suite: Dask takes seconds to start."""
    home = Path(tempfile.mkdtemp(prefix="vv-", dir="/tmp"))
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in HOME_VARIABLES.items():
            target = home / folder
            target.mkdir(mode=0o700, exist_ok=True)
            patch.setenv(name, str(target))
        with Cluster("dask", n=2, cwd=str(home), dashboard=False) as made:
            view = made[:]
            view.execute("pass")  # each channel is open before a test counts descriptors
            view.ask("vivo_session")
            view.ask("vivo_take_input")
            yield made
    shutil.rmtree(home)


@pytest.fixture
def view(engines: Cluster, home: Path) -> DirectView:
    """Two engines, without what other tests have left."""
    view = engines[:]
    view.execute("%reset -f")
    return view


def test_an_engine_is_not_restarted_alone(engines: Cluster, view: DirectView) -> None:
    """Neither by its cluster nor by its keeper: the process is the worker's."""
    with pytest.raises(ClusterError, match="cannot be restarted alone: end the worker"):
        engines.restart(0)
    with pytest.raises((ClusterError, EngineErrors), match="guest in the Dask worker"):
        view.ask("vivo_restart")


def test_it_is_not_ended_with_force_nor_debugged_from_outside(view: DirectView) -> None:
    """A sentence says why, and what runs goes on."""
    busy = view.aexecute("while True: pass")
    with pytest.raises(ClusterError, match="cannot be ended with force alone"):
        view[0].ask("vivo_interrupt", {"force": True})
    asked = {"type": "request", "seq": 1, "command": "debugInfo", "arguments": {}}
    with pytest.raises(ClusterError, match="the debugger would stop"):
        view[0].ask("debug", asked)
    assert not busy.done()
    busy.cancel()
    with pytest.raises(EngineErrors, match="KeyboardInterrupt"):
        busy.get(10)
    assert view.apply(os.getpid) != os.getpid()
