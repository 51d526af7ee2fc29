# SPDX-License-Identifier: BSD-2-Clause
"""The port: mm/ and pagetables/ in a kernel of its own (tests/port/)."""
import os
import re
import subprocess

from check import ROOT, check
from qemu import PASSED, PATIENCE, QEMU

AREA = re.compile(r"^0x[0-9a-f]+-0x[0-9a-f]+ +24576 0x[0-9a-f]+ pages=5 vmalloc N0=5$",
                  re.MULTILINE)
FRAME = re.compile(r"^# frame of its last page: 0x([0-9a-f]+)$", re.MULTILINE)


@check("port.runs", "a kernel with a port of at most 100 lines vmallocs, and leaves nothing behind")
def port_runs(context):
    kernel, log = context.make("port.elf"), context.path("debug.log")
    done = subprocess.run(
        [QEMU, "-machine", "q35", "-cpu", "max", "-m", "128M", "-nodefaults", "-display", "none",
         "-no-reboot", "-debugcon", "file:" + log, "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
         "-kernel", kernel], check=False, timeout=PATIENCE)
    with open(log, encoding="utf-8", errors="replace") as file:
        said = file.read()
    context.require(done.returncode == PASSED, f"QEMU ended with {done.returncode}: {said}")
    context.require(AREA.search(said), "vmallocinfo has no such area: " + said)
    frame = FRAME.search(said)
    context.require(frame and 0x1000 <= int(frame[1], 16) < 0x8000, "not a frame it has: " + said)
    context.require("# frames left behind: 0; check: sound" in said, said)
    with open(os.path.join(ROOT, "tests", "port", "platform.c"), encoding="ascii") as file:
        context.require(len(file.readlines()) <= 100, "the port has more than 100 lines")
