#!/bin/sh
# One part of suites as a task of a Slurm job array:
#
#   sbatch --array=1-16 --export=ALL,FLEET_PARTS=16 slurm-part.sh OUT VERIFY-ARGUMENTS...
#
# Its reports go to OUT/part-N. A task that is requeued begins its part again, and what it had
# written is removed first. slurm-run.sh submits it, and puts the parts together.
#SBATCH --job-name=vav1d-verify
#SBATCH --requeue
#SBATCH --open-mode=append
set -u
out=$1
shift
"${VAV1D:-vav1d}" verify --fraction "$FLEET_PARTS" --fraction-start "$SLURM_ARRAY_TASK_ID" \
    -o "$out/part-$SLURM_ARRAY_TASK_ID" "$@"
code=$?
# Whether what came is as expected is said of the whole.
if [ "$code" -eq 1 ]; then code=0; fi
exit "$code"
