#!/usr/bin/env bash
# Makes the pictures of README.md and docs/: a page of `vav1d verify`, and one of the player's.
#
#   samples/pictures.sh [PROGRAM [DIR]]
#
# PROGRAM  default: target/release/vav1d
# DIR      default: docs/pictures
#
# Needs a Vulkan device that draws (Mesa's lavapipe is one) and chromium.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${1:-$here/target/release/vav1d}")
dir=$(realpath -m "${2:-$here/docs/pictures}")

# Reports name the program and the streams by their paths: those of a folder that says nothing.
work=/tmp/vav1d
mkdir "$work"
trap 'rm -rf "$work"' EXIT
cp "$program" "$work/vav1d"
mkdir "$work/samples" "$dir" 2>/dev/null || true
cp "$here"/samples/*.ivf "$here/samples/manifest.toml" "$work/samples/"
cd "$work"

# A driver that takes tiles to start where none does: some vectors show it, others do not.
./vav1d verify samples/manifest.toml --device soft:fault=tile-starts --output report --quiet \
    --filter '/(main-420|sb128|tiles|still-r|superres-f)' >/dev/null 2>&1 || [ $? -eq 1 ]
chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$work/chromium" --hide-scrollbars \
    --window-size=880,600 --screenshot="$dir/report.png" "file://$work/report/index.html" 2>/dev/null

./vav1d play --render-to "$dir/player.png" --osd --size 568x328 --device soft --quiet \
    samples/main-420-8.ivf
