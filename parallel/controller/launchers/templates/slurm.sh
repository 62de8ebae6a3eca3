#!/bin/sh
# A job of a cluster's engines. A line that names what was not given is left out.
#SBATCH --job-name=@name@
#SBATCH --ntasks=@count@
#SBATCH --output=@log@
#SBATCH --open-mode=append
#SBATCH --no-kill
#SBATCH --requeue
#SBATCH --partition=@partition@
#SBATCH --time=@time@
#SBATCH --account=@account@
#SBATCH --qos=@qos@
#SBATCH --nodes=@nodes@
#SBATCH --ntasks-per-node=@per_node@
#SBATCH --cpus-per-task=@cpus@
#SBATCH --mem=@memory@
#SBATCH --gres=@gres@
#SBATCH --constraint=@constraint@
#SBATCH --reservation=@reservation@
#SBATCH @more@
# What the site's programs need stands here: module load, a scratch folder, ...
exec srun --mpi=@mpi@ --no-kill --kill-on-bad-exit=0 --wait=0 @program@
