# SPDX-License-Identifier: BSD-2-Clause
"""What a person sees and presses: countdown, menu, keys during the run; and what a script gets."""
import re

import disk
import ktap
from check import check
from qemu import FAILED, PATIENCE, SKIPPED
from test_options import shell_runs

ASKED = b"any key: menu"
QUICK = "test=entry.* mem=32M"
SKIPS = "test=fail_walk.pairs"
NOTE = b"slab: test_kmalloc_refused_frees+"  # of a test that passes


def press(machine, *keys):
    """One key after the other, each when the screen has changed by the one before; one that changes
    nothing gets a second."""
    for key in keys:
        shown = len(machine.serial.data)
        machine.qmp.command("send-key", {"keys": [{"type": "qcode", "data": key}]})
        machine.follow(1, done=lambda: len(machine.serial.data) > shown)


def last_pages(machine):
    """How many runs have shown their last page, with what the keys do now below it."""
    *_, behind = pages = machine.serial.data.split(b"What next")
    return len(pages) - 1 if ASKED in behind else len(pages) - 2


def until(context, machine, done, what):
    why = machine.follow(PATIENCE, done=done)
    context.require(why == "done", f"no {what}: {machine.complaint(why)}")


@check("menu.again", "a key opens the menu; it starts runs one after the other in the same boot")
def again(context):
    image = disk.copy_with_options(context.image, context.path("stick.img"),
                                   f"exit=wait countdown=60s {QUICK}")
    with context.machine(image=image, keep=True, memory="256M") as machine:
        until(context, machine, lambda: ASKED in machine.serial.data, "countdown")
        press(machine, "spc", "down", "down", "ret", "ret", "4", "2", "ret", "esc", "up", "up", "ret")
        for nr in (1, 2):
            until(context, machine, lambda: last_pages(machine) == nr, f"end of run {nr}")
            press(machine, "spc", *(["ret"] if nr == 1 else []))
        runs = ktap.parse(machine.debug.text())
    context.require(len(runs) == 2, f"{len(runs)} runs")
    for results in runs:
        context.add(results)
        context.require(results.problem() is None and not results.names("failed"),
                        "failed: " + ", ".join(results.names("failed")))
        context.require(results.value("seed") == 42, "the seed that was typed is not taken")
    context.require(disk.names(image, "/vmlab") == ["0001", "0002"], "not kept as two runs")


@check("menu.not_asked", "a script is not kept waiting by a countdown")
def not_asked(context):
    runs, serial = shell_runs(context, [f"vmlab.efi {QUICK} exit=wait wait=1s"])
    context.require(len(runs) == 1 and runs[0].problem() is None, "the run did not end")
    context.require("any key: menu" not in serial, "the menu was offered")


@check("menu.keys", "p pauses until a key comes, d shows more, s skips, q ends in good order")
def keys(context):
    image = disk.copy_with_options(context.image, context.path("stick.img"),
                                   "mem=32M test=kmalloc.* repeat=10000")
    with context.machine(image=image, keep=True, memory="256M") as machine:
        until(context, machine, lambda: b"\nok 5 " in machine.debug.data, "test")
        press(machine, "p")
        until(context, machine, lambda: b" paused: any key" in machine.serial.data, "pause")
        machine.debug.read()
        printed = len(machine.debug.data)
        machine.follow(1)
        context.require(len(machine.debug.data) == printed, "tests are run in the pause")
        context.require(NOTE not in machine.serial.data, "details are shown unasked")
        press(machine, "d")
        until(context, machine, lambda: NOTE in machine.serial.data, "details behind the pause")
        press(machine, "s")
        until(context, machine, lambda: b"# SKIP by key" in machine.debug.data, "test skipped")
        press(machine, "q")
        status, results = context.ending(machine, counted=False)
    context.require(status == FAILED and not results.names("failed"), "not ended in good order")
    context.require(results.lines_with("stopped by key"), "it does not say that it was stopped")


# What is asked for, and what a script gets: EFI_ABORTED and the like, of which the shell shows the
# number without the highest bit.
ENDS = [
    (QUICK, 0),
    ("test=trap.behind", 0x15),
    (SKIPS, 0x13),
    ("test=entry.*,trap.handler", 0x7),
    ("vmalloc=1000T " + QUICK, 0x2),
]


@check("exit.shell", "a startup.nsh gets EFI_SUCCESS, EFI_ABORTED, ... as the run went")
def exit_shell(context):
    script = [line for options, *_ in ENDS
              for line in (f"vmlab.efi {options} exit=shell", "echo status=%lasterror%")]
    _, serial = shell_runs(context, script)
    found = [int(s, 16) for s in re.findall(r"status=(0x[0-9A-F]+)", serial, re.IGNORECASE)]
    context.require(found == [wanted for *_, wanted in ENDS],
                    "the shell saw " + ", ".join(map(hex, found)))


@check("exit.qemu", "QEMU ends with 37 where all was skipped (33, 35, 39: in many other checks)")
def exit_qemu(context):
    with context.machine(kernel=context.application, append=SKIPS, memory="256M") as machine:
        status, _ = context.ending(machine, counted=False)
    context.require(status == SKIPPED, f"it ended with {status}")
