#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One run of the application under QEMU, as `make run` does it.

    tests/qemu/run.py IMAGE FOLDER [QEMU'S ARGUMENTS...]

The rest comes by the environment: OPTIONS, MEM, CPU, SMP, DISK, TIMEOUT (seconds), NET=1 (booted by
PXE), SECURE=1 (firmware that enforces Secure Boot), SCREEN (as 1920x1080). What the debug port says
goes to standard output as it comes, and to FOLDER/run.log. The last line says passed, failed,
skipped or crashed; the status is 33, 35, 37 or 39.
"""
import os
import signal
import sys

import disk
import ktap
from firmware import network
from qemu import CRASHED, FAILED, PASSED, SKIPPED, Machine

WORDS = {PASSED: "passed", FAILED: "failed", SKIPPED: "skipped", CRASHED: "crashed"}


def verdict(machine, why):
    """(status, what went wrong or None). A pass needs the status, all results, the closing line."""
    complaint = machine.complaint(why)
    if complaint:
        return CRASHED, complaint
    status = machine.process.returncode
    if status not in WORDS:
        said = machine.qemu_says()
        return CRASHED, f"QEMU ended with status {status}" + (": " + said if said else "")
    results = ktap.parse(machine.debug.text())[-1]
    if status == PASSED:
        failed = results.names("failed")
        problem = results.problem() or (failed and "failed: " + ", ".join(failed))
        if problem:
            return CRASHED, "it says passed, but " + problem
    return status, None


def network_folder(folder, application, options):
    """What a boot server needs: the application, and a script of iPXE that gives it its options."""
    served = os.path.join(folder, "tftp")
    os.makedirs(served, exist_ok=True)
    with open(application, "rb") as source, open(os.path.join(served, "vmlab.efi"), "wb") as copy:
        copy.write(source.read())
    with open(os.path.join(served, "vmlab.ipxe"), "w", encoding="utf-8") as script:
        script.write(f"#!ipxe\nchain vmlab.efi {options}\n")
    return served


def screen(size):
    """QEMU's arguments for a screen of that size, as 1920x1080."""
    if not size:
        return []
    width, _, height = size.partition("x")
    return ["-global", "VGA.xres=" + width, "-global", "VGA.yres=" + height]


def machine_for(image, folder, extra, environment, apart=False):
    """The machine that the environment describes; the options go into the disk's vmlab.cfg."""
    options = environment.get("OPTIONS", "")
    limit = float(environment.get("TIMEOUT") or 300) / 3
    if "limit=" not in options:
        options += f" limit={int(limit)}s"
    if "countdown=" not in options:
        options += " countdown=0"
    way = environment.get("DISK") or "virtio"
    what = {"memory": environment.get("MEM") or "1G", "cpu": environment.get("CPU") or "max",
            "cpus": environment.get("SMP") or "1",
            "limit": limit + 2, "apart": apart,
            "secure": bool(environment.get("SECURE")),
            "extra": screen(environment.get("SCREEN")) + extra,
            "debug_log": os.path.join(folder, "run.log")}
    work = os.path.join(folder, "run")
    os.makedirs(work, exist_ok=True)
    application = os.path.splitext(image)[0] + ".efi"
    if environment.get("NET"):
        served = network_folder(work, application, options)
        return Machine(work, network=network(served, "vmlab.ipxe"), **what)
    if way == "kernel":
        return Machine(work, kernel=application, append=options, **what)
    copy = disk.copy_with_options(image, os.path.join(folder, "run" + image[-4:]), options)
    return Machine(work, image=copy, disk=way, keep=True, **what)


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def main(image, folder, *extra):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(CRASHED))
    with machine_for(image, folder, list(extra), os.environ) as machine:
        why = machine.follow(float(os.environ.get("TIMEOUT") or 300), output=write)
        status, wrong = verdict(machine, why)
    if wrong:
        print("vmlab:", wrong)
    print("vmlab:", WORDS[status], flush=True)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        print("vmlab: crashed (interrupted)")
        sys.exit(CRASHED)
