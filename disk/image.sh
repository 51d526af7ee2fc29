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
. "$(dirname "$0")/fat.sh"

# 61 MiB in 512-byte sectors: 122,974 clusters, so FAT32 as firmware wants it (65,525 are needed).
first=2048
last=126975
sectors=$((last - first + 1))

image=$1
shift
new=$image.new
trap 'rm -f "$new" "$image.file"' EXIT

rm -f "$new"
truncate -s 64M "$new"
sgdisk --clear --new=1:$first:$last --typecode=1:EF00 --change-name=1:vmlab \
    --disk-guid=76D1AB00-0000-4000-8000-000000000000 \
    --partition-guid=1:76D1AB00-0000-4000-8000-000000000001 "$new" >/dev/null

partition="$new@@1M"
mformat -i "$partition" -F -T $sectors -h 255 -s 63 -H $first -N 76D1AB00 -v VMLAB ::
fat_fill "$partition" "$image.file" "$@"
mv "$new" "$image"
