# SPDX-License-Identifier: BSD-2-Clause
"""disk/usb.sh, which writes sticks: what it refuses, and that it writes, reads back, compares. The
machine is a faked one: folders and plain files in the place of /sys, /proc and /dev."""
import os
import subprocess

from check import ROOT, check

USB = os.path.join(ROOT, "disk", "usb.sh")
GB = 1000000000
STICK = {"size": 32 * GB, "removable": 1, "ro": 0}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class FakeMachine:
    """A machine with one disk, /dev/sdz, and its partition sdz1."""

    def __init__(self, folder, mounted=None, source=None, swap=None, holder=None, **disk):
        self.root = folder
        self.device = os.path.join(folder, "dev", "sdz")
        subprocess.run(["rm", "-rf", folder], check=True)
        disk = dict(STICK, **disk)
        block = os.path.join(folder, "sys", "class", "block")
        for name, number in (("sdz", "8:400"), ("sdz1", "8:401")):
            for file, value in (("size", disk["size"] // 512), ("removable", disk["removable"]),
                                ("ro", disk["ro"]), ("dev", number)):
                write(os.path.join(block, name, file), f"{value}\n")
            write(os.path.join(folder, "dev", name), "as it was")
        write(os.path.join(block, "sdz1", "partition"), "1\n")
        os.symlink("../sdz1", os.path.join(block, "sdz", "sdz1"))
        write(os.path.join(block, "sdz", "device", "vendor"), "Fake    \n")
        write(os.path.join(block, "sdz", "device", "model"), "Stick\n")
        if holder:
            write(os.path.join(block, "sdz1", "holders", holder), "")
        write(os.path.join(folder, "dev", "other"), "as it was")
        numbers = {"sdz": "8:400", "sdz1": "8:401", None: "8:1"}
        write(os.path.join(folder, "proc", "self", "mountinfo"),
              f"25 30 {numbers[mounted]} / /media/stick rw - vfat {source or '/dev/x'} rw\n")
        write(os.path.join(folder, "proc", "swaps"), "Filename Type Size Used Priority\n" +
              (f"/dev/{swap} partition 1 0 -2\n" if swap else ""))

    def usb(self, image, device="/dev/sdz", answer=None, **environment):
        """(status, what was said) of writing `image`; `answer` None: YES=1."""
        environment = dict(os.environ, ROOT=self.root, **environment)
        environment["YES"] = "" if answer is not None else "1"
        done = subprocess.run([USB, device, image], input=(answer or "").encode(), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        return done.returncode, done.stdout.decode()

    def written(self):
        with open(self.device, "rb") as file:
            return file.read()


REFUSALS = [
    ({}, {"device": ""}, "which stick?"),
    ({}, {"device": "/dev/sdy"}, "there is no /dev/sdy"),
    ({}, {"device": "/dev/other"}, "/dev/other is no disk"),
    ({}, {"device": "/dev/sdz1"}, "is a partition"),
    ({"removable": 0}, {}, "is not removable"),
    ({"ro": 1}, {}, "write-protected"),
    ({"size": 0}, {}, "no medium"),
    ({"size": 256 * GB + 512}, {}, "256.0 GB, more than 256 GB"),
    ({"size": 512}, {}, "too small"),
    ({"mounted": "sdz"}, {}, "/dev/sdz is mounted"),
    ({"mounted": "sdz1"}, {}, "/dev/sdz1 is mounted"),
    ({"source": "/dev/sdz1"}, {}, "/dev/sdz1 is mounted"),
    ({"swap": "sdz1"}, {}, "/dev/sdz1 is swap space"),
    ({"holder": "dm-0"}, {}, "in use by dm-0"),
    ({}, {"answer": ""}, "nothing written"),
    ({}, {"answer": "y\n"}, "nothing written"),
]


@check("usb.refuses", "what is no unused removable disk of at most 256 GB is not written to")
def refuses(context):
    image = context.path("image")
    write(image, "an image" * 1000)
    for disk, call, words in REFUSALS:
        machine = FakeMachine(context.path("machine"), **disk)
        status, said = machine.usb(image, **call)
        context.require(status == 1 and words in said, f"not '{words}', but {status}: {said}")
        context.require(machine.written() == b"as it was", f"'{words}', and yet it was written")


@check("usb.real", "on this machine too: /dev/null is no disk, a loop device is not removable")
def real(context):
    namesake = os.path.abspath(context.path("loop0"))
    write(namesake, "a plain file with the name of a disk")
    for device, words in (("/dev/null", "is no disk"), (namesake, "is no disk"),
                          ("/dev/loop0", "is not removable")):
        if device != "/dev/loop0" or os.path.exists("/sys/class/block/loop0"):
            done = subprocess.run([USB, device, context.image], check=False, input=b"",
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            said = done.stdout.decode()
            context.require(done.returncode == 1 and words in said, f"{device}: {said}")


@check("usb.writes", "a stick is shown, written when that is confirmed, read back and compared")
def writes(context):
    with open(context.image, "rb") as file:
        image = file.read()
    for answer in (None, "yes\n"):
        machine = FakeMachine(context.path("machine"), size=256 * GB)
        status, said = machine.usb(context.image, answer=answer)
        context.require(status == 0 and "and the same" in said, said)
        context.require("/dev/sdz: Fake Stick, 256.0 GB" in said, "it does not say what: " + said)
        context.require(machine.written() == image, "the stick is not the image")


@check("usb.compares", "a stick that keeps something else is noticed")
def compares(context):
    tool = context.path("tools/dd")
    write(tool, "#!/bin/sh\nexit 0\n")
    os.chmod(tool, 0o755)
    machine = FakeMachine(context.path("machine"))
    status, said = machine.usb(context.image, PATH=os.path.dirname(os.path.abspath(tool)) + ":" +
                               os.environ["PATH"])
    context.require(status == 1 and "does not hold what was written" in said, f"{status}: {said}")
