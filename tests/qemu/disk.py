# SPDX-License-Identifier: BSD-2-Clause
"""Disks for the virtual machines, made from what the build left: rootless, with mtools."""
import os
import struct
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILDER = os.path.join(ROOT, "disk", "image.sh")
GPT_AT = 512
SYSTEM_PARTITION = struct.pack("<IHH8s", 0xC12A7328, 0xF81F, 0x11D2,
                               bytes.fromhex("BA4B00A0C93EC93B"))


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def system_partition(image):
    """(start, size) in bytes of the EFI system partition of a disk, by its GPT."""
    with open(image, "rb") as file:
        file.seek(GPT_AT)
        header = file.read(92)
        entries, count, size = struct.unpack_from("<QII", header, 72)
        file.seek(entries * 512)
        table = file.read(count * size)
    if header[:8] != b"EFI PART":
        raise ValueError(image + " has no GPT")
    for at in range(0, len(table), size):
        if table[at:at + 16] == SYSTEM_PARTITION:
            first, last = struct.unpack_from("<QQ", table, at + 32)
            return first * 512, (last + 1 - first) * 512
    raise ValueError(image + " has no EFI system partition")


def file_system(image):
    """What mtools call the file system of the image's EFI system partition."""
    return f"{image}@@{system_partition(image)[0]}"


def put(image, path, name):
    """The file `path` into the image as `name`, over one that is there."""
    subprocess.run(["mcopy", "-o", "-i", file_system(image), path, "::" + name], check=True)


def get(image, name):
    """The bytes of the image's file `name`."""
    return subprocess.run(["mtype", "-i", file_system(image), "::" + name], check=True,
                          stdout=subprocess.PIPE).stdout


def copy_with_options(image, copy, options):
    """A copy of a stick whose vmlab.cfg has the words of `options`, one a line, at its end."""
    subprocess.run(["cp", "--sparse=always", image, copy], check=True)
    if options.split():
        config = copy + ".cfg"
        text = get(image, "/vmlab.cfg").decode("utf-8")
        _write(config, text + "\n" + "\n".join(options.split()) + "\n")
        put(copy, config, "/vmlab.cfg")
        os.remove(config)
    return copy


def shell_disk(image, application, script, more=()):
    """A disk that firmware does not start by itself, so that it starts the UEFI shell, which runs
    `script` in the folder of vmlab.efi, and of the files `more`; afterwards the machine is switched
    off."""
    startup = image + ".nsh"
    lines = ["@echo -off", "fs0:", *script, "reset -s"]
    _write(startup, "\r\n".join(lines) + "\r\n")
    others = [word for path in more for word in (path, "/" + os.path.basename(path))]
    subprocess.run([BUILDER, image, application, "/vmlab.efi", startup, "/startup.nsh", *others],
                   check=True)
    os.remove(startup)
    return image


def loader_disk(image, loader, application, options):
    """A stick that starts `loader`, which starts the application with `options`."""
    config = image + ".cfg"
    _write(config, "\n".join(options.split()) + "\n")
    subprocess.run([BUILDER, image, loader, "/EFI/BOOT/BOOTX64.EFI", application, "/vmlab.efi",
                    config, "/vmlab.cfg"], check=True)
    os.remove(config)
    return image


def names(image, folder):
    """What lies in a folder of the image; none when there is no such folder."""
    done = subprocess.run(["mdir", "-b", "-i", file_system(image), "::" + folder], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return [line.rstrip("/").rsplit("/", 1)[1] for line in done.stdout.decode().splitlines()]


def free(image):
    """How many bytes are free in the image's file system."""
    done = subprocess.run(["mdir", "-i", file_system(image), "::/"], check=True,
                          stdout=subprocess.PIPE)
    said = done.stdout.decode().strip().splitlines()[-1]
    return int("".join(c for c in said if c.isdigit()))


def fsck(image):
    """What is wrong with the image's file system; None: nothing."""
    part = image + ".part"
    subprocess.run(["dd", "if=" + image, "of=" + part, "bs=1M", "skip=1", "conv=sparse",
                    "status=none"], check=True)
    done = subprocess.run(["fsck.vfat", "-n", part], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    os.remove(part)
    text = done.stdout.decode(errors="replace")
    return text if done.returncode or "differ" in text or "bad" in text.lower() else None
