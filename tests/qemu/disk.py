# SPDX-License-Identifier: BSD-2-Clause
"""Disks for the virtual machines, made from what the build left: rootless, with mtools."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILDER = os.path.join(ROOT, "disk", "image.sh")
PARTITION = "@@1M"


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def put(image, path, name):
    """The file `path` into the image as `name`, over one that is there."""
    subprocess.run(["mcopy", "-o", "-i", image + PARTITION, path, "::" + name], check=True)


def get(image, name):
    """The bytes of the image's file `name`."""
    return subprocess.run(["mtype", "-i", image + PARTITION, "::" + name], check=True,
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


def shell_disk(image, application, script):
    """A disk that firmware does not start by itself, so that it starts the UEFI shell, which runs
    `script` in the folder of vmlab.efi; afterwards the machine is switched off."""
    startup = image + ".nsh"
    lines = ["@echo -off", "fs0:", *script, "reset -s"]
    _write(startup, "\r\n".join(lines) + "\r\n")
    subprocess.run([BUILDER, image, application, "/vmlab.efi", startup, "/startup.nsh"],
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
