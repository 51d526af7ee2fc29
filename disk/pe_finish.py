#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What objcopy cannot do for a PE image: NX_COMPAT ("my data need not be executable"), and the zeros
at the end of a section left to the loader, which has them from VirtualSize (PE format, 4: section
table). .data has .bss in it, more than half of the file.

    disk/pe_finish.py build/vmlab.efi
"""
import struct
import sys

PE_OFFSET_AT = 60
OPTIONAL_HEADER = 24  # behind the PE signature and the file header
NR_SECTIONS, OPTIONAL_BYTES = 6, 20
PE32_PLUS = 0x20B
FILE_ALIGNMENT = OPTIONAL_HEADER + 36
DLL_CHARACTERISTICS = OPTIONAL_HEADER + 70
NX_COMPAT = 0x0100
SECTION_BYTES, RAW = 40, 16  # in a section's header: size in the file, and offset there


def find_header(data):
    (pe,) = struct.unpack_from("<I", data, PE_OFFSET_AT)
    (magic,) = struct.unpack_from("<H", data, pe + OPTIONAL_HEADER)
    if data[pe:pe + 4] != b"PE\0\0" or magic != PE32_PLUS:
        raise ValueError("no PE32+ image")
    return pe


def set_nx_compat(data, pe):
    (flags,) = struct.unpack_from("<H", data, pe + DLL_CHARACTERISTICS)
    struct.pack_into("<H", data, pe + DLL_CHARACTERISTICS, flags | NX_COMPAT)


def section_headers(data, pe):
    (number,) = struct.unpack_from("<H", data, pe + NR_SECTIONS)
    (optional,) = struct.unpack_from("<H", data, pe + OPTIONAL_BYTES)
    first = pe + OPTIONAL_HEADER + optional
    return range(first, first + number * SECTION_BYTES, SECTION_BYTES)


def without_zeros(data, pe):
    """The sections follow each other in the file, each as long as its last byte that is not zero."""
    (alignment,) = struct.unpack_from("<I", data, pe + FILE_ALIGNMENT)
    headers = section_headers(data, pe)
    (first,) = struct.unpack_from("<I", data, headers[0] + RAW + 4)
    result = data[:first]
    for header in headers:
        size, offset = struct.unpack_from("<II", data, header + RAW)
        raw = data[offset:offset + size].rstrip(b"\0")
        raw += bytes(-len(raw) % alignment)
        struct.pack_into("<II", result, header + RAW, len(raw), len(result) if raw else 0)
        result += raw
    return result


def main(path):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    pe = find_header(data)
    set_nx_compat(data, pe)
    with open(path, "wb") as file:
        file.write(without_zeros(data, pe))


if __name__ == "__main__":
    main(sys.argv[1])
