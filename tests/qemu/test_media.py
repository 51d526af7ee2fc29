# SPDX-License-Identifier: BSD-2-Clause
"""What the application starts from beside the stick: CD, network, firmware with Secure Boot; and
what comes home on a stick."""
import os
import subprocess

import disk
import run
from check import ROOT, Skipped, check
from firmware import network
from qemu import PATIENCE

QUICK = "test=entry.*,layout.*"
FIRMWARE_PXE = b">>Start PXE"
REFUSED = b"Access Denied"


def on_serial(machine, words):
    """Follows a machine until the firmware says `words`; whether it did."""
    return machine.follow(PATIENCE, done=lambda: words in machine.serial.data) == "done"


@check("image.disk", "64 MiB, sparse, a GPT without a fault; its bytes follow SOURCE_DATE_EPOCH")
def image_disk(context):
    status = os.stat(context.image)
    context.require(status.st_size == 64 << 20, f"{status.st_size} bytes")
    context.require(status.st_blocks * 512 < 8 << 20, "it is not sparse")
    said = subprocess.run(["sgdisk", "-v", context.image], check=True, stdout=subprocess.PIPE)
    context.require(b"No problems found" in said.stdout, said.stdout.decode())
    made = []
    for name, date, day in (("one", "1700000000", "2023-11-14"),
                            ("two", "1700000000", "2023-11-14"),
                            ("three", "1000000000", "2001-09-09")):
        path = context.path(name + ".img")
        subprocess.run([disk.BUILDER, path, os.path.join(ROOT, "LICENSE"), "/a/LICENSE"],
                       check=True, env=dict(os.environ, SOURCE_DATE_EPOCH=date))
        with open(path, "rb") as file:
            made.append(file.read())
        shown = subprocess.run(["mdir", "-i", disk.file_system(path), "::/a"], check=True,
                               stdout=subprocess.PIPE, env=dict(os.environ, TZ="UTC"))
        context.require(shown.stdout.count(day.encode()) == 3, f"not of {day}: {shown.stdout}")
        os.remove(path)
    context.require(made[0] == made[1], "one date gave two images")
    context.require(made[0] != made[2], "the date is not SOURCE_DATE_EPOCH")


def iso_boots(way):
    def boots(context):
        context.need("xorriso", "xorriso")
        copy = disk.copy_with_options(context.make("vmlab.iso"), context.path("vmlab.iso"), QUICK)
        with context.machine(image=copy, disk=way, memory="256M") as machine:
            results = context.run(machine, 90)
        context.require(results.planned < 50, "its options were not read")
    return boots


check("iso.cd", "the CD image starts from a CD drive")(iso_boots("cd"))
check("iso.stick", "the CD image starts from a stick that it is written to")(iso_boots("usb"))


@check("iso.reproducible", "made again, the CD image is the same to the byte")
def iso_reproducible(context):
    context.need("xorriso", "xorriso")
    again = context.path("again.iso")
    files = [os.path.join(ROOT, "disk", name) for name in ("vmlab.cfg", "README.TXT")]
    subprocess.run([os.path.join(ROOT, "disk", "iso.sh"), again, context.application,
                    "/EFI/BOOT/BOOTX64.EFI", files[0], "/vmlab.cfg", files[1], "/README.TXT"],
                   check=True)
    with open(context.make("vmlab.iso"), "rb") as one, open(again, "rb") as two:
        context.require(one.read() == two.read(), "it differs")
    os.remove(again)


def signed(context):
    context.need("sbsign", "sbsigntool")
    context.need("openssl", "openssl")
    return context.make("secure/vmlab.img")


@check("secure.signed", "firmware with Secure Boot on starts the application that is signed")
def secure_signed(context):
    copy = disk.copy_with_options(signed(context), context.path("signed.img"), QUICK)
    with context.machine(image=copy, secure=True, memory="256M") as machine:
        results = context.run(machine)
    context.require(results.lines_with("secure boot on"), "Secure Boot was not on")


@check("secure.refused", "it refuses the one that is not signed, and one that was changed since")
def secure_refused(context):
    source, changed = context.path("signed.efi"), context.path("changed.efi")
    image = context.path("changed.img")
    with open(source, "wb") as file:
        file.write(disk.get(signed(context), "/EFI/BOOT/BOOTX64.EFI"))
    with open(source, "rb") as file:
        data = file.read()
    at = data.index(b"KTAP version 1")
    with open(changed, "wb") as file:
        file.write(data[:at] + b"k" + data[at + 1:])
    subprocess.run([disk.BUILDER, image, changed, "/EFI/BOOT/BOOTX64.EFI"], check=True)
    for refused in (context.image, image):
        with context.machine(image=refused, secure=True, memory="256M") as machine:
            context.require(on_serial(machine, REFUSED), f"{refused} was not refused")
            context.require(not machine.debug.read(), f"{refused} ran")


@check("sign.own_key", "make sign signs with a key of one's own")
def sign_own_key(context):
    context.need("sbsign", "sbsigntool")
    context.need("openssl", "openssl")
    key, certificate = (os.path.abspath(context.path(name)) for name in ("my.key", "my.pem"))
    subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                    "3650", "-subj", "/CN=my key/", "-keyout", key, "-out", certificate],
                   check=True, stderr=subprocess.DEVNULL)
    image = context.make("vmlab-signed.img", "KEY=" + key, "CERT=" + certificate)
    application = context.path("signed.efi")
    with open(application, "wb") as file:
        file.write(disk.get(image, "/EFI/BOOT/BOOTX64.EFI"))
    said = subprocess.run(["sbverify", "--cert", certificate, application], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
    context.require("Signature verification OK" in said, said)


@check("network.ipxe", "booted from the network by iPXE, with the options of its script")
def network_ipxe(context):
    served = run.network_folder(context.folder, context.application, QUICK + " seed=7")
    with context.machine(network=network(served, "vmlab.ipxe"), memory="256M") as machine:
        machine.follow(PATIENCE, done=lambda: machine.debug.data or FIRMWARE_PXE in machine.serial.data)
        if FIRMWARE_PXE in machine.serial.data:
            raise Skipped("this firmware takes the network card from iPXE")
        results = context.run(machine)
    context.require(results.lines_with("seed 0x0000000000000007"), "its options were not read")


@check("network.firmware", "booted by the firmware's own PXE, which knows no options and no disk")
def network_firmware(context):
    served = run.network_folder(context.folder, context.application, "")
    with context.machine(network=network(served, "vmlab.efi", own_rom=True),
                         memory="256M") as machine:
        context.run(machine)


RUNS = {"0001": "# seed 0x1 (from seed=)\nnot ok 1 a.b\n# 0 passed, 1 failed, 0 skipped: failed\n",
        "0002": "# seed 0x2 (drawn)\nok 1 a.b\n"}


def results_of(context, *arguments):
    done = subprocess.run([os.path.join(ROOT, "disk", "results.sh"), *arguments], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode()


@check("results.home", "what runs left on a stick is copied and shown, from disk and partition")
def results_home(context):
    image, files = context.path("stick.img"), []
    for name, text in RUNS.items():
        with open(context.path(name), "w", encoding="ascii") as file:
            file.write(text)
        files += [file.name, f"/vmlab/{name}/results.tap"]
    subprocess.run([disk.BUILDER, image, *files], check=True)
    start, size = disk.system_partition(image)
    partition = context.path("partition.img")
    with open(image, "rb") as file, open(partition, "wb") as copy:
        file.seek(start)
        copy.write(file.read(size))
    for source in (image, partition):
        home = context.path("home-" + os.path.basename(source))
        status, said = results_of(context, "copy", source, home)
        context.require(status == 0, said)
        context.require("0001  0x1  0 passed, 1 failed, 0 skipped: failed" in said, said)
        context.require("0002  0x2  did not come to its end" in said, said)
        with open(os.path.join(home, "0001", "results.tap"), encoding="ascii") as file:
            context.require(file.read() == RUNS["0001"], "0001 came home different")
    for arguments, words in ((("show", image), RUNS["0002"]),
                             (("show", image, "0001"), RUNS["0001"])):
        status, said = results_of(context, *arguments)
        context.require(status == 0 and said.endswith(words), said)


@check("results.none", "a source without results is named, and is an error")
def results_none(context):
    for source, words in ((context.path("nothing"), "there is no"),
                          (context.application, "no FAT file system"),
                          (context.image, "no run left results")):
        status, said = results_of(context, "show", source)
        context.require(status == 1 and words in said, f"{status}: {said}")


def release(context, source, folder, **environment):
    done = subprocess.run(
        [os.path.join(ROOT, "disk", "release.sh"), folder, "1.0"], check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=dict(os.environ, SOURCE=source, BUILT=os.path.abspath(context.build), **environment))
    return done.returncode, done.stdout.decode()


@check("release.files", "a release has what it should, twice the same, and only of a commit")
def release_files(context):
    context.need("git", "git")
    context.need("xorriso", "xorriso")
    if not os.path.exists(os.path.join(ROOT, ".git")):
        raise Skipped("this tree is no git repository")
    context.make("vmlab.iso")
    clone = context.path("clone")
    subprocess.run(["rm", "-rf", clone], check=True)
    subprocess.run(["git", "clone", "-q", "file://" + ROOT, clone], check=True)
    folders = [context.path(name) for name in ("one", "two")]
    for folder in folders:
        status, said = release(context, clone, folder)
        context.require(status == 0, said)
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], check=True, cwd=folder)
    subprocess.run(["diff", "-r", *folders], check=True)
    names = sorted(os.listdir(folders[0]))
    context.require(names == ["SHA256SUMS"] + ["vmlab-1.0." + kind for kind in
                                               ("efi", "img.gz", "iso.gz", "tar.gz", "txt")],
                    str(names))
    listing = subprocess.run(["tar", "-tzf", os.path.join(folders[0], "vmlab-1.0.tar.gz")],
                             check=True, stdout=subprocess.PIPE).stdout.decode()
    context.require("vmlab-1.0/Makefile\n" in listing, listing)
    with open(os.path.join(clone, "Makefile"), "a", encoding="ascii") as file:
        file.write("\n")
    status, said = release(context, clone, context.path("three"))
    context.require(status == 1 and "not committed" in said, f"{status}: {said}")
    subprocess.run(["rm", "-rf", clone], check=True)
