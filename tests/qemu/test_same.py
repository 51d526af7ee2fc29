# SPDX-License-Identifier: BSD-2-Clause
"""The same again: where time is counted in instructions the same seed gives the same log to the
byte, and with a disk a recorded run is replayed. And where no seed is given, another layout."""
import os

import disk
from check import check
from qemu import PASSED, PATIENCE
from test_shell import runs_in_shell

ICOUNT = "shift=6,sleep=off"
# A clock that begins at the same moment each time.
CLOCK = ["-smp", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
OPTIONS = "seed=5 test=!mm_random.*"
# Enough for a disk: one or two tests of each module, their results written each.
FEW = "seed=5 group=smoke"
# Where a region of 32 TiB can begin with 4 levels; the other regions are small beside it, so all of
# that is about as likely. Of 8 equal parts: 7 degrees of freedom, p = 1e-6.
LOWEST, HIGHEST = 0xFFFF888000000000, 0xFFFFFE0000000000 - (32 << 40)
PARTS, CHI_SQUARE_MAX = 8, 40.52


def log_of(context, folder, timeout=PATIENCE, **what):
    """The debug port of a run that passes, in a folder of its own."""
    context.folder = os.path.join(context.folder, folder)
    with context.machine(memory="256M", **what) as machine:
        context.folder = os.path.dirname(context.folder)
        status, results = context.ending(machine, timeout)
    context.require(status == PASSED, f"{folder}: failed: {', '.join(results.names('failed')[:8])}")
    return machine.debug.data.splitlines()


def require_same(context, one, two):
    for number, (a, b) in enumerate(zip(one, two), 1):
        context.require(a == b, f"line {number} is {a.decode()} once, then {b.decode()}")
    context.require(len(one) == len(two), f"{len(one)} lines once, then {len(two)}")


@check("same.icount", "one seed gives the same log twice, to the byte")
def icount(context):
    logs = [log_of(context, folder, kernel=context.application, append=OPTIONS,
                   extra=["-icount", ICOUNT, *CLOCK]) for folder in ("first", "second")]
    require_same(context, *logs)


@check("same.replay", "a run from a disk is recorded and replayed, to the byte")
def replay(context):
    image = disk.copy_with_options(context.image, context.path("disk.img"), FEW)
    record = context.path("record.bin")
    logs = []
    for mode in ("record", "replay"):
        extra = ["-icount", f"{ICOUNT},rr={mode},rrfile={record}".replace(",sleep=off", ""), *CLOCK,
                 "-drive", f"file={image},if=none,format=raw,snapshot=on,id=d0",
                 "-drive", "driver=blkreplay,if=none,image=d0,id=d",
                 "-device", "virtio-blk-pci,drive=d"]
        logs.append(log_of(context, mode, extra=extra))
    os.remove(record)
    require_same(context, *logs)


def starts_without_seed(context, number):
    """As many values of VMALLOC_START, from runs without a seed."""
    script = [f"for %a run (1 {number})\r\n  vmlab.efi layout mem=16M results=off exit=shell"
              "\r\nendfor"]
    runs, _ = runs_in_shell(context, script, timeout=PATIENCE + 5 * number)
    context.require(len(runs) == number, f"{len(runs)} runs instead of {number}")
    return [run.value("VMALLOC_START") for run in runs]


def require_spread(context, starts):
    """Nearly all different, and over equal parts of the range as evenly as chance would have it."""
    context.require(len(set(starts)) >= len(starts) - 1,
                    f"{len(set(starts))} values of VMALLOC_START in {len(starts)} runs")
    counts = [0] * PARTS
    for start in starts:
        counts[(start - LOWEST) * PARTS // (HIGHEST - LOWEST)] += 1
    expected = len(starts) / PARTS
    chi_square = sum((count - expected) ** 2 / expected for count in counts)
    context.require(chi_square <= CHI_SQUARE_MAX, f"chi-square {chi_square:.1f} of {counts}")


@check("machines.seeds", "200 runs without a seed have 199 values of VMALLOC_START, well spread",
       only_asked=True)
def seeds(context):
    require_spread(context, starts_without_seed(context, 200))
