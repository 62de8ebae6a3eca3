#!/bin/sh
# A job of a cluster's engines. A line that names what was not given is left out.
#BSUB -J @name@
#BSUB -n @count@
#BSUB -o @log@
#BSUB -r
#BSUB -q @partition@
#BSUB -W @time@
#BSUB -P @account@
#BSUB -M @memory@
#BSUB -R span[ptile=@per_node@]
#BSUB @more@
# What the site's programs need stands here: module load, a scratch folder, ...
exec mpiexec -n @count@ @program@
