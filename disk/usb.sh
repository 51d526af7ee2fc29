#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Writes an image to a stick, reads it back and compares.
#
#	disk/usb.sh /dev/sdX IMAGE          YES=1: does not ask
#
# Refused is whatever is no removable disk of at most 256 GB that nothing uses; nothing is written
# then. ROOT is where /sys, /proc and /dev are looked for: tests put a machine of their own there,
# in which plain files play the disks.
set -eu

root=${ROOT:-}
limit=256000000000

refuse() {
    echo "usb: $*" >&2
    exit 1
}

# The first line of a file of sysfs, without the blanks around it; nothing where there is none.
about() {
    if [ -r "$sys/$1" ]; then
        read -r line <"$sys/$1" || :
        printf '%s' "$line"
    fi
}

# Sizes are printed as sticks are sold.
gigabytes() {
    printf '%d.%d GB' $(($1 / 1000000000)) $(($1 / 100000000 % 10))
}

# Refuses if anything uses the device whose folder in sysfs is $1: mounted (by number, or, as btrfs
# has it, by name alone), swap, or below another device.
require_unused() {
    read -r number <"$1/dev"
    name=${1##*/}
    ! grep -q -e "^[0-9]* [0-9]* $number " -e " - [^ ]* /dev/$name " "$root/proc/self/mountinfo" ||
        refuse "/dev/$name is mounted; unmount it first"
    ! grep -q "^/dev/$name " "$root/proc/swaps" || refuse "/dev/$name is swap space"
    for holder in "$1"/holders/*; do
        [ ! -e "$holder" ] || refuse "/dev/$name is in use by ${holder##*/}"
    done
}

[ -n "${1:-}" ] || refuse "which stick? DEV=/dev/sdX (lsblk shows the names)"
device=$root$1
image=$2
[ -e "$device" ] || refuse "there is no $1"
[ -n "$root" ] || device=$(readlink -f "$device")
[ -n "$root" ] || [ -b "$device" ] || refuse "$1 is no disk"
sys=$root/sys/class/block/${device##*/}
[ -e "$sys" ] || refuse "$1 is no disk"
[ ! -e "$sys/partition" ] || refuse "$1 is a partition; give the whole disk"
[ "$(about removable)" = 1 ] || refuse "$1 is not removable"
[ "$(about ro)" = 0 ] || refuse "$1 is write-protected"
size=$(($(about size) * 512))
[ $size -gt 0 ] || refuse "$1 has no medium in it"
[ $size -le $limit ] || refuse "$1 has $(gigabytes $size), more than 256 GB: that is no stick"
needed=$(wc -c <"$image")
[ $size -ge "$needed" ] || refuse "$1 is too small: $needed bytes are needed"
require_unused "$sys"
for part in "$sys/${device##*/}"*; do
    [ ! -e "$part/dev" ] || require_unused "$part"
done
[ -w "$device" ] || refuse "$1 may not be written to by you; try sudo"

echo "$1: $(about device/vendor) $(about device/model), $(gigabytes $size)"
if [ "${YES:-}" != 1 ]; then
    printf 'All that is on it will be lost. Go on? Type yes: '
    read -r answer || answer=
    [ "$answer" = yes ] || refuse "nothing written"
fi

dd if="$image" of="$device" bs=1M conv=notrunc,fsync status=none
[ ! -b "$device" ] || blockdev --flushbufs "$device" # what is read next is what the stick has
cmp -n "$needed" "$image" "$device" || refuse "$1 does not hold what was written to it"
echo "written to $1, read back, and the same"
