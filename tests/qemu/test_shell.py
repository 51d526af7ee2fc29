# SPDX-License-Identifier: BSD-2-Clause
"""Several runs in one boot, from the UEFI shell: each leaves the firmware whole for the next."""
import re

import disk
import ktap
from check import check
from qemu import PATIENCE

BASES = ("PAGE_OFFSET", "VMALLOC_START", "VMEMMAP_START")
QUICK = "test=entry.* mem=32M"


def runs_in_shell(context, script, timeout=PATIENCE, more=(), may_fail=(), **what):
    """What the application printed, one ktap.Results a start. Tests that `may_fail` may."""
    image = disk.shell_disk(context.path("shell.img"), context.application, script, more)
    with context.machine(image=image, memory="256M", keep=True, **what) as machine:
        why = machine.follow(timeout)
        context.require(why == "ended", machine.complaint(why))
        runs = ktap.parse(machine.debug.text())
        for run in runs:
            if not may_fail:
                context.add(run)
        failed = [[name for name in run.names("failed") if name not in may_fail] for run in runs]
        wrong = [run.problem() or "failed: " + ", ".join(names[:8])
                 for run, names in zip(runs, failed) if run.problem() or names]
        context.require(not wrong, f"{len(wrong)} of {len(runs)} runs: " + "; ".join(wrong[:3]))
        return runs, machine.serial.text()


# What the shell tells of the firmware: its handles, its memory map, its console's mode.
TELLING = {"dh": "handles", "memmap": "memory map", "mode": "console"}
TYPE = re.compile(r"^ +(\w+) +: +([\d,]+) Pages ")
# The shell's own pool may grow by so many pages, in 20 runs as in 100. (Seen: by one, also where
# the application did nothing but print its options.)
POOL_PAGES = 2


def tell(when):
    return [f"{command} > {command}{when}.txt" for command in TELLING]


def told(image, command, when):
    """Lines; handles without their numbers, of which the shell's own for this file is a new one."""
    text = disk.get(image, f"/{command}{when}.txt").decode("utf-16")
    return [line.partition(": ")[2] if command == "dh" else line for line in text.splitlines()]


def pages_by_type(lines):
    return {m[1]: int(m[2].replace(",", "")) for m in map(TYPE.match, lines) if m}


def loop(last, seed):
    return (f"for %a run (1 {last})\r\n  vmlab.efi seed={seed} {QUICK} results=off exit=shell\r\n"
            "endfor")


def runs_leave_nothing(context, number, way, script=()):
    """`number` runs with different seeds, between two looks at the firmware; before them a run and
    a look, for what firmware and shell only then take for good; behind them `script`. The runs."""
    lines = [*tell(0), loop(1, "%a"), *tell(1), loop(number, "%a"), *tell(2), *script]
    runs, _ = runs_in_shell(context, lines, disk=way, timeout=PATIENCE + 10 * number)
    looked_at = runs[1:1 + number]
    context.require(len(looked_at) == number, f"{len(runs)} runs instead of {1 + number}")
    context.require(len({run.value("VMALLOC_START") for run in looked_at} - {None}) == number,
                    "two seeds gave one VMALLOC_START")
    unequal = [run for run in runs if not run.lines_with("firmware map after: equal in each of")]
    context.require(not unequal, f"{len(unequal)} runs left another memory map")
    for command, what in TELLING.items():
        before, after = (told(context.path("shell.img"), command, when) for when in (1, 2))
        if command == "memmap":
            before, after = pages_by_type(before), pages_by_type(after)
            grown = after.pop("BS_Data") - before.pop("BS_Data")
            context.require(before.pop("Available") - after.pop("Available") == grown and
                            grown <= POOL_PAGES, f"{grown} pages were lost in {number} runs")
        context.require(len(before) > 1 and before == after,
                        f"the {what} before and after {number} runs differ")
    return runs[1:]


def layout(run):
    return tuple(run.value(base) for base in BASES)


@check("shell.twice", "two whole runs in one boot; each returns EFI_SUCCESS to the shell")
def shell_twice(context):
    one = ["vmlab.efi seed={} exit=shell", "echo status=%lasterror%"]
    runs, serial = runs_in_shell(context, [line.format(s) for s in (1, 2) for line in one])
    context.require(len(runs) == 2, f"{len(runs)} runs instead of 2")
    statuses = re.findall(r"status=(0x[0-9A-F]+)", serial, re.IGNORECASE)
    context.require([int(s, 16) for s in statuses] == [0, 0], f"the shell saw {statuses}")


@check("shell.twenty", "20 seeds give 20 layouts, one seed one; all leave the firmware as it was")
def shell_twenty(context):
    runs = runs_leave_nothing(context, 20, "virtio", [loop(5, "7")])
    context.require(len(runs) == 25, f"{len(runs)} runs instead of 25")
    context.require(set(map(layout, runs[20:])) == {layout(runs[6])},
                    "one seed gave different layouts")


@check("machines.shell_virtio", "100 runs in one boot leave everything as it was, on virtio",
       only_asked=True)
def shell_hundred_virtio(context):
    runs_leave_nothing(context, 100, "virtio")


@check("machines.shell_ahci", "100 runs in one boot leave everything as it was, on SATA",
       only_asked=True)
def shell_hundred_ahci(context):
    runs_leave_nothing(context, 100, "ahci")
