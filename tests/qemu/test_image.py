# SPDX-License-Identifier: BSD-2-Clause
"""The linked file and the stick, as they lie on the host's disk."""
import os
import re
import struct
import subprocess

import disk
from check import check

NX_COMPAT = 0x0100
SECTION_EXECUTE, SECTION_WRITE = 0x20000000, 0x80000000
# What mm/ and pagetables/ may ask for beside each other.
BORDER = re.compile(r"^(platform_\w+|_GLOBAL_OFFSET_TABLE_|ImageBase)$")
# Registers that only SSE, AVX, MMX and x87 instructions have.
VECTOR_REGISTER = re.compile(r"%(?:[xyz]?mm\d+|st\b)")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()


def tool(name):
    return os.environ.get(name.upper(), name)


class Pe:
    """The headers of a PE32+ image: flags, relocations, sections {name: (start, size, flags)}, and
    what the file has of them {name: bytes}."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        pe, = struct.unpack_from("<I", self.data, 60)
        count, = struct.unpack_from("<H", self.data, pe + 6)
        optional_size, = struct.unpack_from("<H", self.data, pe + 20)
        self.alignment, = struct.unpack_from("<I", self.data, pe + 24 + 32)
        self.subsystem, self.flags = struct.unpack_from("<HH", self.data, pe + 24 + 68)
        self.relocations = struct.unpack_from("<II", self.data, pe + 24 + 112 + 5 * 8)
        self.sections, self.contents = {}, {}
        for i in range(count):
            at = pe + 24 + optional_size + 40 * i
            name, size, start, in_file, offset = struct.unpack_from("<8sIIII", self.data, at)
            flags, = struct.unpack_from("<I", self.data, at + 36)
            name = name.rstrip(b"\0").decode()
            self.sections[name] = (start, size, flags)
            self.contents[name] = self.data[offset:offset + in_file]


@check("image.sections", "sections are page-aligned, and none is writable and executable")
def image_sections(context):
    pe = Pe(context.application)
    context.require(pe.alignment == 4096, f"section alignment {pe.alignment}")
    for name, (start, _, flags) in pe.sections.items():
        context.require(start % 4096 == 0, f"{name} begins at {start:#x}")
        context.require(not (flags & SECTION_WRITE and flags & SECTION_EXECUTE),
                        f"{name} is writable and executable")
        context.require(bool(flags & SECTION_EXECUTE) == (name == ".text"),
                        f"{name}: executable is .text, and nothing else")
        context.require(name in (".data", ".dynamic") or not flags & SECTION_WRITE,
                        f"{name} is writable")


@check("image.complete", "every section that the linker gave an address is in the application")
def image_complete(context):
    headers = output(tool("objdump"), "-h", context.linked).splitlines()
    linked = {line.split()[1] for line, flags in zip(headers, headers[1:]) if "ALLOC" in flags}
    missing = linked - set(Pe(context.application).sections) - {".hash", ".gnu.hash"}
    context.require(".text" in linked and not missing, "missing: " + ", ".join(sorted(missing)))


@check("image.contents", "what the file has of a section is all that is not zero at its end")
def image_contents(context):
    pe, path = Pe(context.application), context.path("section")
    for name, (_, size, _) in pe.sections.items():
        subprocess.run([tool("objcopy"), "-O", "binary", "-j", name, context.linked, path], check=True)
        with open(path, "rb") as file:
            linked = file.read()
        context.require(name == ".reloc" or pe.contents[name].rstrip(b"\0") == linked.rstrip(b"\0"),
                        f"{name} is not what was linked")
        context.require(len(linked) <= size, f"{name} is to have {size} bytes of {len(linked)}")
        context.require(any(pe.contents[name][-512:]), f"{name} ends with a block of zeros")


@check("image.header", "an EFI application with relocations, which says NX_COMPAT")
def image_header(context):
    pe = Pe(context.application)
    context.require(pe.subsystem == 10, f"subsystem {pe.subsystem}")
    context.require(pe.flags & NX_COMPAT, "NX_COMPAT is not set")
    context.require(pe.relocations[1] > 0 and ".reloc" in pe.sections, "no base relocations")
    size = os.path.getsize(context.application)
    context.require(size < 2 << 20, f"{size} bytes are more than 2 MiB")


@check("image.symbols", "nothing is undefined")
def image_symbols(context):
    undefined = output(tool("nm"), "-u", context.linked).strip()
    context.require(not undefined, undefined)


@check("image.no_sse", "no instruction of SSE, MMX or the x87")
def image_no_sse(context):
    code = output(tool("objdump"), "-d", "--no-show-raw-insn", context.linked).splitlines()
    context.require(len(code) > 1000, "nothing disassembled")
    found = [line.strip() for line in code if VECTOR_REGISTER.search(line)]
    context.require(not found, "\n".join(found[:5]))


@check("image.border", "mm/ and pagetables/ call each other and platform.h, never the firmware")
def image_border(context):
    objects = [os.path.join(where, name) for part in ("mm", "pagetables")
               for where, _, names in os.walk(os.path.join(context.build, "image", part))
               for name in names if name.endswith(".o")]
    context.require(objects, "no objects")
    table = os.path.join(context.build, "symbols-1.o")  # made by pagetables/symbols.awk
    defined, wanted = set(), {}
    for line in output(tool("nm"), "-A", table, *objects).splitlines():
        path, kind, name = re.match(r"(.*?):.* (\S) (\S+)$", line).groups()
        if kind in "Uw":
            wanted.setdefault(name, path)
        else:
            defined.add(name)
    strange = [f"{name} (in {path})" for name, path in wanted.items()
               if name not in defined and not BORDER.match(name)]
    context.require(not strange, "asked for from outside: " + ", ".join(sorted(strange)))


@check("image.reproducible", "built again, elsewhere and later, it is the same to the byte")
def image_reproducible(context):
    copy = os.path.abspath(context.path("elsewhere"))
    subprocess.run(["rm", "-rf", copy], check=True)
    os.mkdir(copy)
    subprocess.run(["cp", "-r", "Makefile", "disk", "efi", "mm", "pagetables", "tests", copy],
                   check=True, cwd=disk.ROOT)
    without_make = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    name = os.path.relpath(context.build, disk.ROOT)
    with open(context.path("make.log"), "wb") as log:
        subprocess.run(["make", "-j1", "-C", copy, name + "/vmlab.img"], check=True, stdout=log,
                       stderr=log, env=without_make)
    for file in ("vmlab.efi", "vmlab.img"):
        same = subprocess.run(["cmp", os.path.join(context.build, file),
                               os.path.join(copy, name, file)], check=False).returncode == 0
        context.require(same, file + " differs")
    subprocess.run(["rm", "-rf", copy], check=True)


@check("image.file_system", "the stick's file system is whole, and has what it should")
def image_file_system(context):
    partition = context.path("partition.img")
    subprocess.run(["dd", "if=" + context.image, "of=" + partition, "bs=1M", "skip=1", "count=61",
                    "conv=sparse", "status=none"], check=True)
    said = output("fsck.vfat", "-n", partition).splitlines()
    context.require(len(said) == 2, "\n".join(said))
    with open(context.application, "rb") as file:
        context.require(disk.get(context.image, "/EFI/BOOT/BOOTX64.EFI") == file.read(),
                        "BOOTX64.EFI is not vmlab.efi")
    context.require(disk.get(context.image, "/vmlab.cfg"), "no vmlab.cfg")
