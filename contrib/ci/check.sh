#!/bin/bash
# Runs the steps of every CI file here, as its server would, over the project's samples: once on
# softvk, which is green, and once with a planted fault, which has to be red.
#
#   VAV1D=target/release/vav1d contrib/ci/check.sh [FOLDER]
#
# It wants python3 with PyYAML. FOLDER keeps what was written; else a temporary one is removed.
# shellcheck disable=SC2317
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
VAV1D=$(realpath "$(command -v "${VAV1D:-vav1d}")")
if [ $# -gt 0 ]; then
    mkdir -p "$1"
    folder=$(cd "$1" && pwd)
else
    folder=$(mktemp -d /tmp/vav1d-ci.XXXXXX)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder/bin"
ln -sf "$VAV1D" "$folder/bin/vav1d"
# LAVA's helper: a case with its result, or a command whose end is the result.
cat >"$folder/bin/lava-test-case" <<'MOCK'
#!/bin/sh
name=$1
shift
if [ "$1" = --shell ]; then
    shift
    if "$@"; then result=pass; else result=fail; fi
    echo "$name $result" >>lava
    exit 0
fi
echo "$name $2" >>lava
MOCK
chmod +x "$folder/bin/lava-test-case"
PATH=$folder/bin:$PATH

# The script at a path of keys in a YAML file; a list of steps is one script, as LAVA runs it.
script() {
    python3 - "$@" <<'PY'
import sys, yaml
value = yaml.safe_load(open(sys.argv[1]))
for key in sys.argv[2:]:
    value = value[int(key) if isinstance(value, list) else key]
print("\n".join(value) if isinstance(value, list) else value)
PY
}
# The scripts of a Jenkinsfile, by their number.
jenkins() {
    python3 - "$top/contrib/ci/Jenkinsfile" "$1" <<'PY'
import re, sys
blocks = re.findall(r"sh '''(.*?)'''", open(sys.argv[1]).read(), re.S)
print(blocks[int(sys.argv[2])].replace("\\\\", "\\"))
PY
}

gitlab() {
    part=$(script "$top/contrib/fleet/gitlab-ci.yml" .vav1d-part script)
    for i in 1 2 3 4; do CI_NODE_TOTAL=4 CI_NODE_INDEX=$i bash -euo pipefail -c "$part" || return; done
    bash -euo pipefail -c "$(script "$top/contrib/fleet/gitlab-ci.yml" .vav1d-whole script)"
}
github() {
    part=$(script "$top/contrib/ci/github.yml" jobs vectors steps 1 run)
    for i in 1 2 3 4; do PARTS=4 bash -e -c "${part//\$\{\{ matrix.part \}\}/$i}" || return; done
    merge=$(script "$top/contrib/ci/github.yml" jobs report steps 2 run)
    GITHUB_STEP_SUMMARY=$PWD/summary bash -e -c "$merge"
}
jenkinsfile() {
    part=$(jenkins 0)
    for i in 1 2 3 4; do PARTS=4 PART=$i sh -xe -c "$part" || return; done
    sh -xe -c "$(jenkins 1)"
}
lava() {
    steps=$(script "$top/contrib/ci/lava.yml" actions 2 test definitions 0 repository run steps)
    mkdir -p tmp
    sh -e -c "${steps//\/tmp\/vav1d/tmp/vav1d}"
    mkdir -p report
    cp tmp/vav1d/* report/ 2>/dev/null || true
    # LAVA's job is as good as its cases.
    ! grep -q ' fail$' lava
}

end=0
for server in gitlab github jenkinsfile lava; do
    for device in soft soft:fault=pixel@4; do
        rm -rf "${folder:?}/$server-$device"
        mkdir -p "$folder/$server-$device"
        cd "$folder/$server-$device"
        export VAV1D_ARGUMENTS="$top/samples --device $device --filter /main-4 --filter /intra"
        started=$(date +%s)
        code=0
        ($server) >log 2>&1 || code=$?
        took=$(($(date +%s) - started))
        wanted=$([ "$device" = soft ] && echo 0 || echo 1)
        junit=$([ -s report/junit.xml ] && echo "a junit.xml" || echo "no junit.xml")
        line="$server, $device: exit $code, $junit, $took s"
        if [ "$code" -eq "$wanted" ] && [ "$junit" = "a junit.xml" ]; then
            echo "$line"
        else
            echo "$line: WRONG, should be exit $wanted" && tail -n 20 log
            end=1
        fi
    done
done
exit $end
