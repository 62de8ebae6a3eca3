"""A cluster's engines: started, lost, found again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.cluster.conftest import RunningCluster, end, run_controller, wait_until_ended


def test_engines_start_and_say_hello(cluster: RunningCluster) -> None:
    """Each with its number, its process and how to reach it; no key is told."""
    engines = cluster.up(2)
    assert [each["number"] for each in engines] == [0, 1]
    assert len({each["engine_pid"] for each in engines}) == 2
    assert all("key" not in each["connection"] for each in engines)


def test_no_key_stands_on_a_command_line(cluster: RunningCluster) -> None:
    """Anybody on the machine can read those."""
    cluster.up(2)
    lines = b"".join(
        path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    )
    assert cluster.entry.key.encode() not in lines


def test_what_a_cluster_writes_is_its_users_alone(cluster: RunningCluster, home: Path) -> None:
    """Its entry with the key, its sockets, its tasks."""
    cluster.up(2)
    places = [home / "run" / "vivo" / "clusters", Path(cluster.entry.state)]
    found = [path for place in places for path in (place, *place.rglob("*"))]
    assert len(found) > 4
    assert [str(path) for path in found if path.stat().st_mode & 0o077] == []


def test_an_engine_that_is_killed_is_noticed_within_a_second(cluster: RunningCluster) -> None:
    """And the reason is told; a fresh process comes when it is asked for."""
    engine = cluster.up(2)[0]
    end(engine["engine_pid"])
    killed = time.monotonic()
    told = cluster.until(lambda told: told[0]["state"] == "dead")
    assert time.monotonic() - killed < 1
    assert "SIGKILL" in told[0]["reason"]
    cluster.ask("vivo_restart_engines_request", engines=[0])
    assert cluster.up(2)[0]["engine_pid"] != engine["engine_pid"]


def test_an_engine_that_is_killed_with_its_keeper_is_noticed(cluster: RunningCluster) -> None:
    """On this host at once, by its process."""
    engine = cluster.up(2)[1]
    os.kill(engine["keeper_pid"], signal.SIGSTOP)  # or else it would tell of its engine's end
    end(engine["engine_pid"])
    end(engine["keeper_pid"])
    told = cluster.until(lambda told: told[1]["state"] == "silent")
    assert "ended" in told[1]["reason"]


def test_an_engine_whose_keeper_is_killed_comes_back_as_it_was(cluster: RunningCluster) -> None:
    """With another keeper, and the same process."""
    engine = cluster.up(2)[0]
    end(engine["keeper_pid"])
    told = cluster.until(lambda told: told[0]["keeper_pid"] != engine["keeper_pid"])
    assert told[0]["engine_pid"] == engine["engine_pid"]


def test_a_stopped_engine_is_shown_as_that(cluster: RunningCluster) -> None:
    """Until it goes on."""
    engine = cluster.up(2)[0]
    os.kill(engine["engine_pid"], signal.SIGSTOP)
    cluster.until(lambda told: told[0]["state"] == "stopped")
    os.kill(engine["engine_pid"], signal.SIGCONT)
    cluster.up(2)


def test_a_stopped_keeper_is_noticed_and_taken_back(cluster: RunningCluster) -> None:
    """By silence; what speaks again says hello anew."""
    engine = cluster.up(2)[0]
    os.kill(engine["keeper_pid"], signal.SIGSTOP)
    stopped = time.monotonic()
    cluster.until(lambda told: told[0]["state"] == "silent")
    assert time.monotonic() - stopped < 6
    os.kill(engine["keeper_pid"], signal.SIGCONT)
    cluster.up(2)


def test_a_controller_that_is_killed_is_taken_up_with_its_engines(cluster: RunningCluster) -> None:
    """They are the same processes, and have noticed nothing."""
    before = [each["engine_pid"] for each in cluster.up(2)]
    cluster.kill()
    cluster.resume()
    assert [each["engine_pid"] for each in cluster.up(2)] == before


def test_a_cluster_that_is_stopped_as_soon_as_it_was_resumed_ends_whole(
    cluster: RunningCluster,
) -> None:
    """Its engines too, though they have not said hello to the new controller."""
    pids = [each["engine_pid"] for each in cluster.up(2)]
    cluster.kill()
    cluster.resume()
    cluster.ask("vivo_stop_request")
    for pid in pids:
        wait_until_ended(pid)


def test_engines_are_added_and_taken_out(cluster: RunningCluster) -> None:
    """A number that is free again is used again."""
    cluster.up(2)
    assert cluster.ask("vivo_scale_request", add=1)["numbers"] == [2]
    cluster.up(3)
    cluster.ask("vivo_scale_request", remove=[0])
    assert [each["number"] for each in cluster.engines()] == [1, 2]
    assert cluster.ask("vivo_scale_request", add=1)["numbers"] == [0]
    cluster.up(3)


def test_a_change_that_is_asked_for_twice_is_done_once(cluster: RunningCluster) -> None:
    """As by a client whose link was cut before it had the answer; also after a resume."""
    cluster.up(2)
    for _ in range(2):
        assert cluster.ask("vivo_scale_request", add=1, request="mine")["numbers"] == [2]
    before = cluster.up(3)
    cluster.kill()
    cluster.resume()
    assert cluster.ask("vivo_scale_request", add=1, request="mine")["numbers"] == [2]
    assert [each["id"] for each in cluster.up(3)] == [each["id"] for each in before]


def test_a_name_is_one_clusters(cluster: RunningCluster) -> None:
    """The second is refused with what to do instead."""
    told = run_controller("--name", "test", "--engines", "1")
    assert told["status"] == "failed"
    assert "runs already" in told["message"]


@pytest.mark.parametrize("name", ["", "../evil", "a b", "x" * 40])
def test_a_name_that_leads_elsewhere_is_refused(home: Path, name: str) -> None:
    """A name is one of a file and of a folder."""
    told = run_controller("--name", name or "-", "--engines", "0")
    assert told["status"] == "failed"
    assert "cannot be named" in told["message"]


def test_engines_that_cannot_start_are_told_as_a_problem(home: Path) -> None:
    """The cluster stays, without them."""
    told = run_controller("--name", "test", "--engines", "1", "--python", "/bin/true")
    assert told["status"] == "ready"
    made = RunningCluster("test")
    while not (status := made.ask("vivo_status_request", wait=True))["problems"]:
        continue
    assert status["awaited"] == 0
    assert "/bin/true" in status["problems"][0]
    made.stop()
