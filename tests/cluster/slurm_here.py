"""A real Slurm of three nodes on this machine: daemons of its own, on free ports, ended with it.

The nodes are three ``slurmd`` on one host, so Slurm's multiple_slurmd build is needed, as Debian's
is, and root. What they wait for is shortened: a lost node is noticed, and a job that was put back
begins again, in seconds.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

NODES = ("n1", "n2", "n3")
_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmctldPort={port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdSpoolDir={folder}/spool/%n
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=sched_interval=2,sched_min_interval=100000,batch_sched_delay=1
KillWait=2
MinJobAge=60
SlurmctldTimeout=10
SlurmdParameters=config_overrides
SlurmdTimeout=6
PartitionName=debug Nodes=n[1-3] Default=YES MaxTime=INFINITE State=UP
"""
_NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 Sockets=1 "
    "CoresPerSocket=4 ThreadsPerCore=1 RealMemory=1000 State=UNKNOWN\n"
)


class Slurm:
    """One that runs."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.folder.chmod(0o755)
        host = socket.gethostname().partition(".")[0]
        ports = _free_ports(1 + len(NODES))
        text = _CONFIGURATION.format(host=host, folder=self.folder, port=ports[0])
        for name, port in zip(NODES, ports[1:], strict=True):
            text += _NODE.format(name=name, host=host, port=port)
            (self.folder / "spool" / name).mkdir(parents=True)
        (self.folder / "state").mkdir()
        self.configuration = self.folder / "slurm.conf"
        self.configuration.write_text(text)

    def start(self) -> None:
        """Start the daemons, and wait until all nodes are idle."""
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        words = [f"--socket={self.folder}/munge.socket", f"--key-file={key}"]
        words += [f"--{name}-file={self.folder}/munge.{name}" for name in ("log", "seed", "pid")]
        self._daemon("munged", "--force", *words)
        self._daemon("slurmctld", "-f", str(self.configuration))
        for name in NODES:
            self.start_node(name)
        while any(self.node_state(name) != "idle" for name in NODES):
            time.sleep(0.05)

    def start_node(self, name: str) -> None:
        """Start a node."""
        self._daemon("slurmd", "-N", name, "-f", str(self.configuration))

    def _daemon(self, *words: str) -> None:
        with open(self.folder / f"{words[0]}.out", "ab") as output:
            subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                check=True,
            )

    def _daemons(self) -> list[psutil.Process]:
        found = []
        for each in self.folder.glob("*.pid"):
            try:
                found.append(psutil.Process(int(each.read_text())))
            except (psutil.NoSuchProcess, ValueError):
                continue  # a node that was lost
        return found

    @property
    def _environment(self) -> dict[str, str]:
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        return {"PATH": path, "SLURM_CONF": str(self.configuration)}

    def run(self, *words: str) -> str:
        """What one of its commands prints."""
        told = subprocess.run(
            words, env=self._environment, capture_output=True, text=True, check=False, timeout=60
        )
        return (told.stdout + told.stderr).strip()

    def node_state(self, name: str) -> str:
        """``idle``, ``alloc``, ``mix``, ``down*``."""
        return self.run("sinfo", "-h", "-n", name, "-o", "%t")

    def jobs(self) -> list[str]:
        """The ids of those that wait or run."""
        return self.run("squeue", "-h", "-t", "PD,R,CG,CF", "-o", "%i").split()

    def job_state(self, job: str) -> str:
        """In Slurm's words, with its nodes."""
        return self.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T %N")

    def lose_node(self, name: str) -> None:
        """End all that runs on a node at once, as its failure would."""
        ended = []
        for process in psutil.process_iter():
            try:
                words = process.cmdline()
                is_daemon = words[:1] == ["slurmd"] and "-N" in words and name in words
                mine = is_daemon and str(self.configuration) in words
                if mine or process.environ().get("SLURMD_NODENAME") == name:
                    steps = [p for p in process.parents() if p.name().startswith("slurmstepd")]
                    ended += [process, *steps]
            except psutil.Error:
                continue
        for process in ended:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue

    def stop(self) -> None:
        """End it, with its jobs."""
        if jobs := self.jobs():
            self.run("scancel", *jobs)
            while self.jobs():
                time.sleep(0.05)
        daemons = self._daemons()
        for each in daemons:
            each.terminate()
        _, left = psutil.wait_procs(daemons, 20)
        for each in left:
            each.kill()
        psutil.wait_procs(left, 20)
        shutil.rmtree(self.folder)


def _free_ports(count: int) -> list[int]:
    made = [socket.socket() for _ in range(count)]
    for each in made:
        each.bind(("127.0.0.1", 0))
    found = [each.getsockname()[1] for each in made]
    for each in made:
        each.close()
    return found
