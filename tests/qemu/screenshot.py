#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A picture of the screen at the end of a run, as `make screenshot` takes it.

    tests/qemu/screenshot.py IMAGE FOLDER [QEMU'S ARGUMENTS...]

The environment says the rest, as for run.py; SCREEN=1920x1080 is the size of the screen. It lands
in FOLDER/screenshot.png.
"""
import os
import re
import sys
import time

from qemu import CRASHED, PASSED
from run import machine_for

CLOSING = re.compile(rb"^# \d+ passed, \d+ failed, \d+ skipped: \w+$", re.MULTILINE)
STILL = 1.0  # seconds without a change of the screen


def still_picture(machine, timeout):
    """The path of a picture that was the same STILL seconds earlier; None: the screen moves on."""
    end = time.monotonic() + timeout
    before = None
    while time.monotonic() < end:
        path = machine.screenshot()
        if not path:
            return None
        with open(path, "rb") as file:
            now = file.read()
        if now == before:
            return path
        before = now
        time.sleep(STILL)
    return None


def main(image, folder, *extra):
    environment = dict(os.environ)
    environment["OPTIONS"] = (environment.get("OPTIONS", "") + " exit=wait").strip()
    target = os.path.join(folder, "screenshot.png")
    with machine_for(image, folder, list(extra), environment) as machine:
        why = machine.follow(float(environment.get("TIMEOUT") or 300),
                             done=lambda: CLOSING.search(machine.debug.data))
        if why != "done":
            print("vmlab:", machine.complaint(why) or "QEMU ended: " + machine.qemu_says())
            return CRASHED
        path = still_picture(machine, 60)
        if not path:
            print("vmlab: no picture was to be had")
            return CRASHED
        os.replace(path, target)
    print(target)
    return PASSED


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) == PASSED else 1)
