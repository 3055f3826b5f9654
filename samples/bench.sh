#!/usr/bin/env bash
# Makes the streams of `cargo xtask bench`: synthetic content, encoded by SVT-AV1.
#
#   samples/bench.sh [TOOLS [FOLDER]]
#
# TOOLS   folder of the wrappers that samples/peers.sh writes; default: target/sid.bin.
# FOLDER  where the streams go; default: target/bench. A stream that is there is kept.
#
# WIDTHxHEIGHT-BITSbit-TILESt-FRAMESf.ivf: moving patterns under noise, a key frame at the start,
# constant quality, preset 11.
# WIDTHxHEIGHT-BITSbit-TILESt-RATEM[-grain]-FRAMESf.ivf: a zoom into fine detail under noise, which
# moves everywhere as a film does, at a rate of so many Mbit/s, and with film grain.
set -euo pipefail
export SVT_LOG=1

here=$(cd "$(dirname "$0")/.." && pwd)
tools=$(cd "${1:-$here/target/sid.bin}" && pwd)
folder=${2:-$here/target/bench}
mkdir -p "$folder"
cd "$folder"

# make WIDTH HEIGHT BITS TILE_COLUMNS_LOG2 TILE_ROWS_LOG2 FRAMES
make() {
    local format=yuv420p name="$1x$2-$3bit-$((1 << ($4 + $5)))t-$6f"
    [ "$3" = 8 ] || format=yuv420p10le
    [ -s "$name.ivf" ] && return
    local source="testsrc2=size=$1x$2:rate=30,noise=alls=10:allf=t:all_seed=7,format=$format"
    local svt="tile-columns=$4:tile-rows=$5:lp=2:keyint=-1"
    "$tools/sid-ffmpeg" -hide_banner -v error -f lavfi -i "$source" -frames:v "$6" \
        -c:v libsvtav1 -preset 11 -crf 40 -svtav1-params "$svt" -f ivf -y "part-$name.ivf"
    mv "part-$name.ivf" "$name.ivf"
}

# rated WIDTH HEIGHT BITS TILE_COLUMNS_LOG2 TILE_ROWS_LOG2 RATE FRAMES GRAIN
rated() {
    local format=yuv420p name="$1x$2-$3bit-$((1 << ($4 + $5)))t-$6M"
    [ "$3" = 8 ] || format=yuv420p10le
    [ "$8" = 0 ] || name="$name-grain"
    name="$name-$7f"
    [ -s "$name.ivf" ] && return
    local source="mandelbrot=size=$1x$2:rate=30:maxiter=200,noise=alls=6:allf=t:all_seed=7"
    local svt="rc=1:tile-columns=$4:tile-rows=$5:lp=2:keyint=$7:film-grain=$8"
    "$tools/sid-ffmpeg" -hide_banner -v error -f lavfi -i "$source,format=$format" \
        -frames:v "$7" -c:v libsvtav1 -preset 11 -b:v "$6M" -svtav1-params "$svt" -f ivf \
        -y "part-$name.ivf"
    mv "part-$name.ivf" "$name.ivf"
}

for rate in 1 5 15; do rated 1920 1080 8 0 0 "$rate" 120 0; done
rated 1920 1080 10 0 0 15 120 0
rated 1920 1080 8 2 1 15 120 0
rated 1920 1080 8 0 0 5 120 8

for bits in 8 10; do
    make 1920 1080 "$bits" 0 0 120
    make 1920 1080 "$bits" 1 1 120
    make 3840 2160 "$bits" 0 0 36
    make 3840 2160 "$bits" 1 1 36
done
# Of the frontend alone.
make 432 240 8 0 0 300
# Of growth: with the length, with the size, with the tiles.
for frames in 60 120 240 480; do make 640 360 8 0 0 "$frames"; done
for size in "320 180" "640 360" "1280 720" "2560 1440"; do
    make ${size% *} ${size#* } 8 0 0 60
done
for tiles in "0 0" "1 0" "1 1" "2 1" "2 2"; do
    make 1280 720 8 ${tiles% *} ${tiles#* } 60
done
