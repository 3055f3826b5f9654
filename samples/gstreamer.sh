#!/usr/bin/env bash
# Builds GStreamer's Vulkan plug-in, which Debian's packages leave out, in the
# chroot of samples/peers.sh, for `cargo xtask clients`.
#
#   samples/gstreamer.sh [FOLDER [WRAPPERS]]
#
# FOLDER    the chroot; default: target/sid. samples/peers.sh made it.
# WRAPPERS  folder for sid-gst-launch-1.0, which has the plug-ins that the
#           chroot needs to decode with Vulkan; default: FOLDER.bin.
#
# The source is Debian's package gst-plugins-bad1.0, of the same release as the
# chroot's GStreamer. Environment: GST_SOURCE, a folder with the source of
# gst-plugins-bad (subprojects/gst-plugins-bad of GStreamer's repository), for
# another one, or where the archive no longer has what its index names.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-$here/target/sid}
wrappers=${2:-$root.bin}
root=$(cd "$root" && pwd)
wrappers=$(cd "$wrappers" && pwd)
packages=(meson ninja-build glslc g++ gettext pkg-config dpkg-dev
    libvulkan-dev libdrm-dev libxkbcommon-dev libxkbcommon-x11-dev
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
    gstreamer1.0-tools gstreamer1.0-plugins-base)
# Decoder, parsers, the sink that writes what Fluster takes the MD5 of, IVF.
plugins=(ext/vulkan/libgstvulkan.so gst/videoparsers/libgstvideoparsersbad.so
    gst/debugutils/libgstdebugutilsbad.so gst/ivfparse/libgstivfparse.so)
folder=/usr/src/gstreamer

inside() { DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }

if ! inside dpkg -s "${packages[@]}" >/dev/null 2>&1; then
    inside apt-get -o Acquire::Check-Valid-Until=false update
    inside apt-get install -y --no-install-recommends "${packages[@]}"
    inside apt-get clean
fi

if [ ! -e "$root$folder/source/meson.build" ]; then
    rm -rf "${root:?}$folder"
    mkdir -p "$root$folder"
    if [ -n "${GST_SOURCE:-}" ]; then
        cp -r "$GST_SOURCE" "$root$folder/source"
    else
        sed -n 's/^deb /deb-src /p' "$root/etc/apt/sources.list" \
            >"$root/etc/apt/sources.list.d/source.list"
        inside apt-get -o Acquire::Check-Valid-Until=false update
        inside sh -c "cd $folder && apt-get source gst-plugins-bad1.0 && mv gst-plugins-bad1.0-*/ source"
    fi
fi

if [ ! -e "$root$folder/build/build.ninja" ]; then
    inside meson setup "$folder/build" "$folder/source" -Dauto_features=disabled \
        -Dvulkan=enabled -Dvulkan-video=enabled -Dvulkan-windowing=x11 \
        -Dvideoparsers=enabled -Ddebugutils=enabled -Divfparse=enabled \
        -Dintrospection=disabled -Ddoc=disabled -Dtests=disabled \
        -Dexamples=disabled -Dtools=disabled
fi
inside ninja -C "$folder/build" "${plugins[@]}"

path=$(printf ":$folder/build/%s" "${plugins[@]%/*}")
cat >"$wrappers/sid-gst-launch-1.0" <<WRAPPER
#!/bin/sh
# Runs gst-launch-1.0 of the chroot $root in the current directory; samples/gstreamer.sh.
export GST_PLUGIN_PATH=${path#:} GST_REGISTRY=$folder/registry.bin
exec "$wrappers/sid-sh" -c 'exec gst-launch-1.0 "\$@"' sh "\$@"
WRAPPER
chmod +x "$wrappers/sid-gst-launch-1.0"
rm -f "$root$folder/registry.bin"

echo "wrapper   $wrappers/sid-gst-launch-1.0"
inside sed -n "s/^  version : '\(.*\)',/gst-plugins-bad \1/p" "$folder/source/meson.build"
