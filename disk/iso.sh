#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes a CD image that UEFI firmware starts, for virtual machines: an EFI system partition that
# El Torito's entry for EFI points to, and that a GPT tells of too, so the same file also starts
# when it is written to a stick. In it the files that the arguments name. The same files give the
# same bytes.
#
#	disk/iso.sh ISO [FILE PATH-IN-IMAGE]...
set -eu
. "$(dirname "$0")/fat.sh"

# El Torito counts 512-byte sectors in 16 bits: less than 32 MiB. 16 MiB are FAT16.
sectors=32768

iso=$1
shift
fat=$iso.fat
root=$iso.root
trap 'rm -rf "$fat" "$iso.file" "$root" "$iso.new" "$iso.log"' EXIT

rm -rf "$fat" "$root" "$iso.new"
truncate -s $((sectors * 512)) "$fat"
mformat -i "$fat" -T $sectors -h 255 -s 63 -N 76D1AB01 -v VMLAB ::
fat_fill "$fat" "$iso.file" "$@"

# A CD that is looked at has the readme; all else is in the partition.
mkdir "$root"
cp "$(dirname "$0")/README.TXT" "$root/README.TXT"
touch -d "@$SOURCE_DATE_EPOCH" "$root/README.TXT" "$root"
${XORRISO:-xorriso} -as mkisofs -quiet -volid VMLAB -o "$iso.new" -partition_offset 16 \
    -append_partition 2 0xef "$fat" -appended_part_as_gpt \
    --set_all_file_dates "=$SOURCE_DATE_EPOCH" \
    -e --interval:appended_partition_2:all:: -no-emul-boot "$root" 2>"$iso.log" || {
    cat "$iso.log" >&2
    exit 1
}
mv "$iso.new" "$iso"
