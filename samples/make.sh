#!/usr/bin/env bash
# Regenerates samples/: peers, streams, manifest.toml and the tables of README.md.
#
#   samples/make.sh                    everything, from nothing
#   samples/make.sh encode [NAME...]   streams only
#   samples/make.sh manifest           md5s and features only
#   samples/make.sh check              compare the manifest with the tools' answers
#
# PEERS  folder of the sid-* wrappers of samples/peers.sh; made in
#        target/sid.bin when unset and not on the PATH.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${PEERS:-}" ] && ! command -v sid-dav1d >/dev/null; then
    "$here/peers.sh"
    export PEERS="$here/../target/sid.bin"
fi
if [ $# -gt 0 ]; then
    exec python3 -B "$here/make.py" "$@"
fi
python3 -B "$here/make.py" encode
python3 -B "$here/make.py" manifest
