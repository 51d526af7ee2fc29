# SPDX-License-Identifier: BSD-2-Clause
"""Several runs in one boot, from the UEFI shell: each leaves the firmware whole for the next."""
import re

import disk
import ktap
from check import check

BASES = ("PAGE_OFFSET", "VMALLOC_START", "VMEMMAP_START")
QUICK = "test=entry.* mem=32M"


def runs_in_shell(context, script, timeout=300, **what):
    """What the application printed, one ktap.Results a start."""
    image = disk.shell_disk(context.path("shell.img"), context.application, script)
    with context.machine(image=image, memory="256M", **what) as machine:
        why = machine.follow(timeout)
        context.require(why == "ended", machine.complaint(why))
        runs = ktap.parse(machine.debug.text())
        for run in runs:
            context.add(run)
        wrong = [run.problem() or "failed: " + ", ".join(run.names("failed")[:8])
                 for run in runs if run.problem() or run.names("failed")]
        context.require(not wrong, f"{len(wrong)} of {len(runs)} runs: " + "; ".join(wrong[:3]))
        return runs, machine.serial.text()


def layouts(runs):
    return [tuple(run.value(base) for base in BASES) for run in runs]


@check("shell.twice", "two whole runs in one boot; each returns EFI_SUCCESS to the shell")
def shell_twice(context):
    one = ["vmlab.efi seed={} exit=shell", "echo status=%lasterror%"]
    runs, serial = runs_in_shell(context, [line.format(s) for s in (1, 2) for line in one])
    context.require(len(runs) == 2, f"{len(runs)} runs instead of 2")
    statuses = re.findall(r"status=(0x[0-9A-F]+)", serial, re.IGNORECASE)
    context.require([int(s, 16) for s in statuses] == [0, 0], f"the shell saw {statuses}")


@check("shell.seeds", "ten seeds give ten layouts; one seed gives the same layout ten times")
def shell_seeds(context):
    script = [f"for %a run (1 10)\r\n  vmlab.efi seed={seed} {QUICK} exit=shell\r\nendfor"
              for seed in ("%a", "7")]
    runs, _ = runs_in_shell(context, script)
    found = layouts(runs)
    context.require(len(found) == 20, f"{len(found)} runs instead of 20")
    context.require(None not in found[0], "the log does not name the bases")
    context.require(len(set(found[:10])) == 10, "two of ten seeds gave one layout")
    context.require(len({layout[1] for layout in found[:10]}) == 10,
                    "two of ten seeds gave one VMALLOC_START")
    context.require(set(found[10:]) == {found[6]}, "one seed gave different layouts")
