#!/usr/bin/env bash
# Puts samples of this repository into other containers, with the ffmpeg of
# samples/peers.sh (9.0 made what is committed).
#
#   samples/containers/make.sh FFMPEG
#
# FFMPEG  the program, e.g. target/sid.bin/sid-ffmpeg
set -euo pipefail

ffmpeg=$1
cd "$(dirname "$0")"
mux() { # OUTPUT OPTION...
    "$ffmpeg" -nostdin -v error -y -bitexact "${@:2}" -bitexact "$PWD/$1"
}
video=(-i "$PWD/../main-420-8.ivf")
tone=(-f lavfi -i "sine=frequency=440:duration=0.48:sample_rate=48000")
still=(-i "$PWD/../still-full.obu" -frames:v 1)
keys=(-i "$PWD/../key-frames.ivf")

mux plain.mkv "${video[@]}" -c copy
mux plain.webm "${video[@]}" -c copy
mux live.webm "${video[@]}" -c copy -live 1 -f webm
mux plain.mp4 "${video[@]}" -c copy
mux faststart.mp4 "${video[@]}" -c copy -movflags faststart
mux fragments.mp4 "${video[@]}" -c copy -movflags frag_every_frame+empty_moov
mux cmaf.mp4 "${video[@]}" -c copy -movflags cmaf+frag_keyframe
mux hybrid.mp4 "${video[@]}" -c copy -movflags frag_every_frame
mux sound.mp4 "${tone[@]}" "${video[@]}" -c:v copy -c:a aac -b:a 32k
mux sound.mkv "${tone[@]}" "${video[@]}" -c:v copy -c:a libopus -b:a 16k
mux delayed.mp4 -itsoffset 0.2 "${video[@]}" -c copy
mux still.avif "${still[@]}" -c copy
mux sequence.avif "${video[@]}" -c copy
mux keys.mkv "${keys[@]}" -c copy -cluster_time_limit 400
mux keys-live.webm "${keys[@]}" -c copy -live 1 -cluster_time_limit 400 -f webm
mux keys.mp4 "${keys[@]}" -c copy
mux keys-fragments.mp4 "${keys[@]}" -c copy -movflags frag_keyframe+empty_moov
mux forward-keys.mkv -i "$PWD/../forward-keys.ivf" -c copy
mux forward-keys.mp4 -i "$PWD/../forward-keys.ivf" -c copy
mux turned.mp4 -display_rotation 90 -i "$PWD/../tiny-9x17.ivf" -c copy
mux wide.mp4 -i "$PWD/../tiny-9x17.ivf" -c copy -aspect 18:17
mux wide.mkv -i "$PWD/../tiny-9x17.ivf" -c copy -aspect 18:17
