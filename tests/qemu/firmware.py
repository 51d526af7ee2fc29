# SPDX-License-Identifier: BSD-2-Clause
"""The firmwares that a virtual machine can have, all of them Debian's: what QEMU is told for each,
where a disk hangs and how the network boots there."""
import os
import struct

OVMF = "/usr/share/OVMF/OVMF_"
OVMF_CODE = os.environ.get("OVMF_CODE", OVMF + "CODE_4M.fd")
OVMF_VARS = os.environ.get("OVMF_VARS", OVMF + "VARS_4M.fd")
OVMF_SECURE = os.environ.get("OVMF_SECURE", OVMF + "CODE_4M.secboot.fd")
# Variables in which a key is enrolled (Debian's for trying things): firmware that enforces.
OVMF_ENROLLED = os.environ.get("OVMF_ENROLLED", OVMF + "VARS_4M.snakeoil.fd")
U_BOOT = os.environ.get("U_BOOT", "/usr/lib/u-boot/qemu-x86_64/u-boot.rom")

DISK_WAYS = {
    "virtio": ["-device", "virtio-blk-pci,drive=d"],
    "ahci": ["-device", "ide-hd,drive=d,bus=ide.0"],
    "nvme": ["-device", "nvme,drive=d,serial=1"],
    "usb": ["-device", "qemu-xhci", "-device", "usb-storage,drive=d"],
    "cd": ["-device", "ide-cd,drive=d,bus=ide.0"],
}


class Firmware:
    """`code` and `variables`: of two flash chips, the second one a copy for each machine; without
    `variables`, one image. `disk_ways`: where a disk hangs, if not as DISK_WAYS says."""

    def __init__(self, code, variables=None, machine="q35", more=(), disk_ways=()):
        self.code, self.variables, self.machine, self.more = code, variables, machine, list(more)
        self.disk_ways = {**DISK_WAYS, **dict(disk_ways)}

    def arguments(self, variables):
        """QEMU's, with `variables` as the path of this machine's copy."""
        if not self.variables:
            return ["-machine", self.machine, "-bios", self.code, *self.more]
        return ["-machine", self.machine, *self.more,
                "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + self.code,
                "-drive", "if=pflash,format=raw,unit=1,file=" + variables]


OVMF_4M = Firmware(OVMF_CODE, OVMF_VARS)
OVMF_2M = Firmware(OVMF + "CODE.fd", OVMF + "VARS.fd")
# Two ways to enforcement: the plain build with the key enrolled; and the build that keeps its
# variables from the operating system by system management mode.
ENFORCING = Firmware(OVMF_CODE, OVMF_ENROLLED)
ENFORCING_SMM = Firmware(OVMF_SECURE, OVMF_ENROLLED, "q35,smm=on",
                         ["-global", "driver=cfi.pflash01,property=secure,value=on",
                          "-global", "ICH9-LPC.disable_s3=1"])
# Its USB driver is for the second generation, and its AHCI driver stops at q35's controller.
U_BOOT_PC = Firmware(U_BOOT, machine="pc", disk_ways={
    "ahci": ["-device", "ahci,id=ahci", "-device", "ide-hd,drive=d,bus=ahci.0"],
    "usb": ["-device", "usb-ehci", "-device", "usb-storage,drive=d"]})


def network(folder, file, own_rom=False, card="virtio-net-pci"):
    """The arguments for a machine that boots `file` of `folder` from QEMU's own TFTP server: by
    iPXE, which the card has in its ROM, or without that by the firmware's own PXE."""
    return ["-netdev", f"user,id=n,tftp={folder},bootfile={file}",
            "-device", card + ",netdev=n" + (",romfile=" if own_rom else "")]


def _crc32(data):
    """As in Ethernet; the minimal Python of Debian has no zlib."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def u_boot_script(path, lines):
    """A script as U-Boot's `source` takes it (its include/image.h: the legacy header)."""
    magic, linux, x86_64, script, plain = 0x27051956, 5, 24, 6, 0
    text = "".join(line + "\n" for line in lines).encode()
    data = struct.pack(">II", len(text), 0) + text

    def header(checksum):
        return struct.pack(">7I4B32s", magic, checksum, 0, len(data), 0, 0, _crc32(data),
                           linux, x86_64, script, plain, b"vmlab")
    with open(path, "wb") as file:
        file.write(header(_crc32(header(0))) + data)
