#!/bin/bash
# A Slurm of one node on this machine, and what slurm-run.sh makes of a task that is killed and of
# daemons that are restarted in the middle:
#
#   slurm-loopback.sh PARTS FOLDER VERIFY-ARGUMENTS...
#
# As root, with Debian's slurm-wlm and munge. The suites are run once without Slurm, and once in
# parts; then the reports of both have to be the same, but for the command line that is in them.
# FOLDER gets everything, and is emptied first. VAV1D is the program.
set -eu
parts=$1
folder=$2
shift 2
vav1d=$(command -v "${VAV1D:-vav1d}")
VAV1D=$(realpath "$vav1d")
export VAV1D
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$folder"
mkdir -p "$folder"/state "$folder"/spool
folder=$(cd "$folder" && pwd)
export SLURM_CONF=$folder/slurm.conf
say() { echo "loopback: $*"; }
fail() {
    say "FAILED: $*"
    exit 1
}

# Every port and path is its own: another Slurm of this machine is not touched.
munge=$(mktemp -d /tmp/fleet-munge.XXXXXX)
chmod 755 "$munge"
head -c 1024 /dev/urandom >"$munge/key"
chmod 400 "$munge/key"
cpus=$(nproc)
base=$((20000 + RANDOM % 10000))
cat >"$SLURM_CONF" <<CONF
ClusterName=loopback
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$base
SlurmdPort=$((base + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF

pids=()
start() {
    "$@" >>"$folder/daemons.log" 2>&1 &
    pids+=($!)
}
start_slurm() {
    start slurmctld -D
    ctld=$!
    start slurmd -D
    slurmd=$!
}
stop() {
    # Only what this script has started.
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$munge"
}
trap stop EXIT
start munged --foreground --force --key-file="$munge/key" --socket="$munge/socket" \
    --pid-file="$munge/pid" --log-file="$folder/munged.log" --seed-file="$munge/seed"
until [ -S "$munge/socket" ]; do sleep 0.2; done
start_slurm
for _ in $(seq 100); do
    sinfo -h -o %t 2>/dev/null | grep -q idle && break
    sleep 0.3
done
sinfo -h -o %t | grep -q idle || fail "no node comes up"
say "$(slurmctld -V) with $cpus CPUs on 127.0.0.1"

say "all vectors in one run"
"$VAV1D" -q verify "$@" --no-times -o "$folder/one" >"$folder/one.txt" || true
tail -1 "$folder/one.txt"

say "the same in $parts tasks"
SBATCH="--cpus-per-task=1" "$here/slurm-run.sh" "$parts" "$folder/out" "$@" --no-times -j1 -q \
    >"$folder/fleet.txt" 2>&1 &
fleet=$!
done_parts() { find "$folder/out" -path '*/part-*/results.jsonl' 2>/dev/null | wc -l; }
for _ in $(seq 3000); do
    [ "$(done_parts)" -ge $((parts / 4)) ] && break
    sleep 0.1
done
# The processes of one task that runs: the shell of its script, and below it vav1d.
victim=
for _ in $(seq 600); do
    for log in "$folder"/out/part-*/results.jsonl.part; do
        part=$(basename "$(dirname "$log")")
        # It has judged something, which is to be lost.
        [ -s "$log" ] || continue
        victim=$(pgrep -f "^$VAV1D verify --fraction $parts --fraction-start ${part#part-} " || true)
        [ -n "$victim" ] && break 2
    done
    sleep 0.1
done
[ -n "$victim" ] || fail "no task is in the middle of its part"
say "killing $part after $(wc -l <"$log") vectors, with $(done_parts) parts done"
kill -9 "$victim"
sleep 1
say "restarting slurmctld and slurmd, with $(squeue -h -r -t R | wc -l) tasks running"
kill "$ctld" "$slurmd"
wait "$ctld" "$slurmd" 2>/dev/null || true
start_slurm
code=0
wait "$fleet" || code=$?
sed 's/^/   /' "$folder/fleet.txt" | grep -v '^      ' | head -40
say "slurm-run.sh ended with $code"

all=$folder/out/all
for file in results.csv failures.csv; do
    cmp "$folder/one/$file" "$all/$file" || fail "$file is another"
done
# Everything else has a line with the command that made it, and differs in that alone.
own() { grep -v -e command -e '"type":"run"' "$1"; }
for file in results.jsonl junit.xml summary.md index.html; do
    [ "$(($(wc -l <"$all/$file") - $(own "$all/$file" | wc -l)))" -le 40 ] ||
        fail "$file has the word command in too many lines"
    cmp <(own "$folder/one/$file") <(own "$all/$file") || fail "$file is another"
done
vectors=$(wc -l <"$all/results.csv")
twice=$(cut -d, -f1 "$all/results.csv" | sort | uniq -d | wc -l)
[ "$twice" -eq 0 ] || fail "$twice vectors are there twice"
again=$(grep -c '^fleet: turn' "$folder/fleet.txt")
say "$vectors vectors, $twice of them twice, in $again turns: the reports are those of one run"
"$VAV1D" verify-diff "$folder/one" "$all" | tail -1
