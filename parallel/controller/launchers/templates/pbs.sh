#!/bin/sh
# A job of a cluster's engines. A line that names what was not given is left out.
#PBS -N @name@
#PBS -j oe
#PBS -o @log@
#PBS -r y
#PBS -q @partition@
#PBS -l walltime=@time@
#PBS -A @account@
#PBS -l select=@select@
#PBS @more@
# What the site's programs need stands here: module load, a scratch folder, ...
cd "$PBS_O_WORKDIR" || exit
exec mpiexec -n @count@ @program@
