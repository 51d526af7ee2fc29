#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sets NX_COMPAT in a PE image: "my data need not be executable". objcopy cannot.

    disk/nx_compat.py build/vmlab.efi
"""
import struct
import sys

PE_OFFSET_AT = 60
OPTIONAL_HEADER = 24  # behind the PE signature and the file header
PE32_PLUS = 0x20B
DLL_CHARACTERISTICS = OPTIONAL_HEADER + 70
NX_COMPAT = 0x0100


def set_nx_compat(data):
    (pe,) = struct.unpack_from("<I", data, PE_OFFSET_AT)
    (magic,) = struct.unpack_from("<H", data, pe + OPTIONAL_HEADER)
    if data[pe:pe + 4] != b"PE\0\0" or magic != PE32_PLUS:
        raise ValueError("no PE32+ image")
    (flags,) = struct.unpack_from("<H", data, pe + DLL_CHARACTERISTICS)
    struct.pack_into("<H", data, pe + DLL_CHARACTERISTICS, flags | NX_COMPAT)


def main(path):
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        set_nx_compat(data)
        file.seek(0)
        file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
