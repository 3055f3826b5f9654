#!/usr/bin/env bash
# Makes, or reuses, a Debian sid chroot with the peer tools: the encoders that
# make the samples and the decoders that give their expected md5s.
#
#   samples/peers.sh [FOLDER [WRAPPERS]]
#
# FOLDER    where the chroot lives; default: target/sid. About 2 GB.
# WRAPPERS  folder for sid-dav1d, sid-aomdec, ...; default: FOLDER.bin.
#           Each wrapper runs one tool of the chroot in the current directory.
#
# Needs Linux, root (mount and chroot) and debootstrap. The checkout's
# top-level folder (/src for /src/vav1d) is bound at the same path inside,
# so absolute and relative paths mean the same on both sides.
# Environment: MIRROR (an archive of Debian; default: the one that this
# machine's apt uses, samples/mirror.sh); BIND (a folder, default as above).
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-$here/target/sid}
wrappers=${2:-$root.bin}
bind=${BIND:-/$(echo "$here" | cut -d/ -f2)}
packages=(dav1d aom-tools svt-av1 rav1e ffmpeg mpv vulkan-tools
    vulkan-validationlayers libvulkan1 mesa-vulkan-drivers
    libaom-dev gcc libc6-dev fluster)
tools=(sh gcc dav1d aomdec aomenc SvtAv1EncApp rav1e ffmpeg ffprobe mpv vulkaninfo fluster)

mkdir -p "$(dirname "$root")" "$wrappers"
root=$(cd "$(dirname "$root")" && pwd)/$(basename "$root")
wrappers=$(cd "$wrappers" && pwd)

if [ ! -x "$root/usr/bin/apt-get" ]; then
    mirror=${MIRROR:-$("$here/samples/mirror.sh")}
    debootstrap --variant=minbase sid "$root" "$mirror"
fi

# Folders of the host that the chroot needs; a second run finds them mounted.
for dir in /proc /dev /sys "$bind"; do
    mkdir -p "$root$dir"
    mountpoint -q "$root$dir" || mount --bind "$dir" "$root$dir"
done
cp /etc/resolv.conf "$root/etc/resolv.conf"

if ! chroot "$root" dpkg -s "${packages[@]}" >/dev/null 2>&1; then
    chroot "$root" apt-get -o Acquire::Check-Valid-Until=false update
    DEBIAN_FRONTEND=noninteractive chroot "$root" \
        apt-get install -y --no-install-recommends "${packages[@]}"
    chroot "$root" apt-get clean
fi

for tool in "${tools[@]}"; do
    cat >"$wrappers/sid-$tool" <<WRAPPER
#!/bin/sh
# Runs $tool of the chroot $root in the current directory; samples/peers.sh.
[ -d "$root\$PWD" ] || { echo "sid-$tool: \$PWD is not visible in $root" >&2; exit 2; }
exec chroot "$root" /bin/sh -c 'cd "\$1" && shift && exec "\$@"' sh "\$PWD" $tool "\$@"
WRAPPER
    chmod +x "$wrappers/sid-$tool"
done

echo "chroot    $root"
echo "wrappers  $wrappers"
chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' "${packages[@]}"
