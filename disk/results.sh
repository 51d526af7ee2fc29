#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The results that runs left on a stick, or in an image of one: \vmlab\NNNN\, a folder a run.
#
#	disk/results.sh copy SOURCE FOLDER    all of them, to FOLDER/NNNN/
#	disk/results.sh show SOURCE [NNNN]    a line a run, then the last one's log, or that of NNNN
#
# SOURCE: a disk or its image (the EFI system partition is looked for), or a file system.
set -eu

PATH=$PATH:/usr/sbin:/sbin
MTOOLSRC=/dev/null
MTOOLS_SKIP_CHECK=1
export PATH MTOOLSRC MTOOLS_SKIP_CHECK

complain() {
    echo "results: $*" >&2
    exit 1
}

# Where in $1 the EFI system partition begins, in bytes; 0 when $1 has no partitions.
partition_start() {
    number=$(sgdisk -p "$1" 2>/dev/null | awk '$6 == "EF00" {print $1; exit}')
    if [ -n "$number" ]; then
        first=$(sgdisk -i "$number" "$1" | sed -n 's/^First sector: \([0-9]*\).*/\1/p')
        echo $((first * 512))
    else
        echo 0
    fi
}

# Prints a line about the run in the folder $1, from its log.
summarize() {
    log=$1/results.tap
    seed=$(sed -n 's/^# seed \(0x[0-9a-f]*\).*/\1/p' "$log" | head -n 1)
    end=$(sed -n 's/^# \([0-9]* passed, .*\)/\1/p' "$log" | tail -n 1)
    echo "${1##*/}  ${seed:-no seed}  ${end:-did not come to its end}"
}

what=$1
source=$2
[ -e "$source" ] || complain "there is no $source (make run leaves one, DEV= names another)"
[ -r "$source" ] || complain "$source may not be read by you; try sudo"
at=$source@@$(partition_start "$source")
mdir -i "$at" :: >/dev/null 2>&1 || complain "$source has no FAT file system of a stick"
mdir -i "$at" ::/vmlab >/dev/null 2>&1 || complain "no run left results on $source"

folder=${3:-}
if [ "$what" = show ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"
mcopy -s -o -m -i "$at" "::/vmlab/*" "$folder/" || complain "no run left results on $source"

for run in "$folder"/[0-9]*; do
    summarize "$run"
done
if [ "$what" = copy ]; then
    echo "copied to $folder"
else
    shown=${3:-${run##*/}}
    [ -e "$folder/$shown/results.tap" ] || complain "there is no run $shown on $source"
    cat "$folder/$shown/results.tap"
fi
