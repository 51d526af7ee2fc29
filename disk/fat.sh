# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# What image.sh and iso.sh share, sourced by both: files into a FAT file system, made with mtools,
# without root. The same files give the same bytes: every date is SOURCE_DATE_EPOCH (default:
# 2026-01-01).

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1767225600}
TZ=UTC
PATH=$PATH:/usr/sbin:/sbin # where Debian has sgdisk
MTOOLSRC=/dev/null
export SOURCE_DATE_EPOCH TZ MTOOLSRC PATH

# Directories above the path $2 in the file system $1, from the root down; those that are there
# already are left alone.
fat_directories() {
    made=
    rest=${2#/}
    while [ "$rest" != "${rest#*/}" ]; do
        made=$made/${rest%%/*}
        rest=${rest#*/}
        mdir -i "$1" "::$made" >/dev/null 2>&1 || mmd -i "$1" "::$made"
    done
}

# fat_fill FILE-SYSTEM DATED [FILE PATH-IN-IMAGE]...
# mcopy takes the date from the file: DATED is a name for a copy that is dated SOURCE_DATE_EPOCH.
fat_fill() {
    fat=$1
    dated=$2
    shift 2
    while [ $# -ge 2 ]; do
        fat_directories "$fat" "$2"
        cp "$1" "$dated"
        touch -d "@$SOURCE_DATE_EPOCH" "$dated"
        mcopy -m -i "$fat" "$dated" "::$2"
        shift 2
    done
    rm -f "$dated"
}
