#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What a release is made of, from the commit that is checked out:
#
#	disk/release.sh FOLDER [VERSION]        VERSION: default what git describe says
#
#	vmlab-VERSION.tar.gz    the source
#	vmlab-VERSION.efi       the application, built from that tarball
#	vmlab-VERSION.img.gz    the stick
#	vmlab-VERSION.iso.gz    the CD
#	vmlab-VERSION.txt       from what, with what, and whether it is signed
#	SHA256SUMS
#
# The same commit and tools give the same bytes: all dates are the commit's. With KEY= and CERT=
# what firmware starts is signed; a signature has the time in it, so then only the tarball is the
# same. SOURCE is the tree (default: this one); BUILT a folder with vmlab.efi, .img and .iso that
# are ready, for tests.
set -eu

root=$(cd "${SOURCE:-$(dirname "$0")/..}" && pwd)
folder=$1
version=${2:-}

complain() {
    echo "release: $*" >&2
    exit 1
}

git -C "$root" rev-parse --verify -q HEAD >/dev/null || complain "$root is no git repository"
[ -z "$(git -C "$root" status --porcelain)" ] ||
    complain "there are changes that are not committed; what is released is a commit"
commit=$(git -C "$root" rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
[ -n "$version" ] || version=$(git -C "$root" describe --tags --always)
name=vmlab-$version

rm -rf "$folder"
mkdir -p "$folder/work"
folder=$(cd "$folder" && pwd)
trap 'rm -rf "$folder/work"' EXIT

git -C "$root" archive --format=tar --prefix="$name/" HEAD | gzip -9n >"$folder/$name.tar.gz"
if [ -z "${BUILT:-}" ]; then
    tar -xzf "$folder/$name.tar.gz" -C "$folder/work"
    env -u MAKEFLAGS -u MFLAGS "${MAKE:-make}" -C "$folder/work/$name" --no-print-directory \
        image iso >&2
    BUILT=$folder/work/$name/build
fi

# Signed: the same stick and CD, with another application in them.
signed="not signed: Secure Boot refuses it (the source's disk/README.md says how to sign it)"
if [ -n "${KEY:-}" ]; then
    "${SBSIGN:-sbsign}" --key "$KEY" --cert "${CERT:?CERT= is missing}" \
        --output "$folder/work/vmlab.efi" "$BUILT/vmlab.efi"
    set -- "$folder/work/vmlab.efi" /EFI/BOOT/BOOTX64.EFI "$root/disk/vmlab.cfg" /vmlab.cfg \
        "$root/disk/README.TXT" /README.TXT
    "$root/disk/image.sh" "$folder/work/vmlab.img" "$@"
    "$root/disk/iso.sh" "$folder/work/vmlab.iso" "$@"
    signed="signed with the key of: $(openssl x509 -in "$CERT" -noout -subject)"
    BUILT=$folder/work
fi

cp "$BUILT/vmlab.efi" "$folder/$name.efi"
for kind in img iso; do
    gzip -9n <"$BUILT/vmlab.$kind" >"$folder/$name.$kind.gz"
done
cat >"$folder/$name.txt" <<END
vmlab $version
source: commit $commit
compiler: $("${CC:-gcc}" --version | head -n 1)
linker: $("${LD:-ld}" --version | head -n 1)
$signed
END
(cd "$folder" && sha256sum "$name".* >SHA256SUMS)
ls -l "$folder"/"$name".* "$folder/SHA256SUMS"
