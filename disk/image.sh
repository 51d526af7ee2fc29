#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes a disk image that UEFI firmware starts: GPT, one EFI system partition with FAT32, and in it
# the files that the arguments name. No root, no loop device. The same files give the same bytes:
# identifiers are fixed, and every date is SOURCE_DATE_EPOCH (default: 2026-01-01).
#
#	disk/image.sh IMAGE [FILE PATH-IN-IMAGE]...
#	disk/image.sh build/vmlab.img build/vmlab.efi /EFI/BOOT/BOOTX64.EFI
set -eu

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1767225600}
TZ=UTC
PATH=$PATH:/usr/sbin:/sbin # where Debian has sgdisk
MTOOLSRC=/dev/null
export SOURCE_DATE_EPOCH TZ MTOOLSRC PATH

# 61 MiB in 512-byte sectors: 122,974 clusters, so FAT32 as firmware wants it (65,525 are needed).
first=2048
last=126975
sectors=$((last - first + 1))

image=$1
shift
new=$image.new
trap 'rm -f "$new"' EXIT

rm -f "$new"
truncate -s 64M "$new"
sgdisk --clear --new=1:$first:$last --typecode=1:EF00 --change-name=1:vmlab \
    --disk-guid=76D1AB00-0000-4000-8000-000000000000 \
    --partition-guid=1:76D1AB00-0000-4000-8000-000000000001 "$new" >/dev/null

partition="$new@@1M"
mformat -i "$partition" -F -T $sectors -h 255 -s 63 -H $first -N 76D1AB00 -v VMLAB ::

# Directories above PATH, from the root down; those that are there already are left alone.
make_directories() {
    made=
    rest=${1#/}
    while [ "$rest" != "${rest#*/}" ]; do
        made=$made/${rest%%/*}
        rest=${rest#*/}
        mdir -i "$partition" "::$made" >/dev/null 2>&1 || mmd -i "$partition" "::$made"
    done
}

# mcopy takes the date from the file: a copy that is dated SOURCE_DATE_EPOCH.
dated=$image.file
trap 'rm -f "$new" "$dated"' EXIT
while [ $# -ge 2 ]; do
    make_directories "$2"
    cp "$1" "$dated"
    touch -d "@$SOURCE_DATE_EPOCH" "$dated"
    mcopy -m -i "$partition" "$dated" "::$2"
    shift 2
done
mv "$new" "$image"
