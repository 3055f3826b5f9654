#!/bin/sh
# Runs suites as a Slurm job array and puts the parts together:
#
#   slurm-run.sh PARTS OUT VERIFY-ARGUMENTS...
#   slurm-run.sh 16 out suites/*.json --device radv
#
# OUT is a folder that all nodes have; it gets part-1 ... part-PARTS, and the reports of the whole
# in OUT/all. A part whose task died, or was cut short, is run again, three times at most. SBATCH
# are more options of sbatch, VAV1D is the program. Exit codes are those of `vav1d verify-merge`.
set -u
parts=$1
out=$2
shift 2
vav1d=${VAV1D:-vav1d}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Parts without a whole result, as sbatch's --array takes them. `verify-merge` of a part alone says
# 1 (others are missing), and 66 if there is no result that is whole.
missing() {
    list=
    part=1
    while [ "$part" -le "$parts" ]; do
        "$vav1d" verify-merge "$out/part-$part" >/dev/null 2>&1
        if [ $? -eq 66 ] || grep -q '"status":"NotRun"' "$out/part-$part/results.jsonl"; then
            list=$list${list:+,}$part
        fi
        part=$((part + 1))
    done
    echo "$list"
}

turn=1
todo=1-$parts
rm -rf "$out"/part-* "$out/all"
while [ -n "$todo" ] && [ "$turn" -le 4 ]; do
    echo "fleet: turn $turn: parts $todo of $parts"
    # It waits for all tasks. Its own exit code is that of the worst of them.
    # shellcheck disable=SC2086
    sbatch --wait --array="$todo" --export="ALL,FLEET_PARTS=$parts" \
        --output="$out/part-%a.log" ${SBATCH:-} "$here/slurm-part.sh" "$out" "$@"
    todo=$(missing)
    turn=$((turn + 1))
done
# A part that never came is named, and red.
set --
part=1
while [ "$part" -le "$parts" ]; do
    if [ -f "$out/part-$part/results.jsonl" ]; then set -- "$@" "$out/part-$part"; fi
    part=$((part + 1))
done
if [ $# -eq 0 ]; then
    echo "fleet: no part has a result" >&2
    exit 66
fi
exec "$vav1d" verify-merge "$@" -o "$out/all"
