#!/bin/sh
# A job of a cluster's engines. A line that names what was not given is left out.
#$ -N @name@
#$ -S /bin/sh
#$ -cwd
#$ -j y
#$ -o @log@
#$ -r y
#$ -q @partition@
#$ -l h_rt=@time@
#$ -P @account@
#$ -l h_vmem=@memory@
#$ -pe @environment@ @count@
#$ @more@
# What the site's programs need stands here: module load, a scratch folder, ...
exec mpiexec -n @count@ @program@
