#!/usr/bin/env bash
# Prints the address of the Debian archive that this machine's apt uses, for
# samples/peers.sh and .ci/run; exit 1, and a message, where there is none.
set -euo pipefail

# shellcheck source=/dev/null
[ -r /etc/os-release ] && . /etc/os-release
codename=${VERSION_CODENAME:-sid}

# Where `apt-get update` would take this release's packages from. That needs no
# update before it.
mirror=$(apt-get update --print-uris 2>/dev/null |
    sed -n "s|^'\([^']*\)/dists/$codename/main/binary-[^']*'.*|\1|p" | sed -n 1p) || true
case $mirror in
http://* | https://* | file:/*) echo "$mirror" ;;
*)
    echo "mirror.sh: apt names no archive of Debian $codename; set MIRROR to one" >&2
    exit 1
    ;;
esac
