# SPDX-License-Identifier: BSD-2-Clause
"""Machines with more processors than one, and what becomes of those that cannot be had."""
import os
import re

from check import check
from qemu import CRASHED, FAILED

# What uses other processors, in few words.
CONCURRENT = "cpus.*,*_cpus.*,*.cpus"
# The same without what has the firmware wait: it does so without PAUSE, and under -icount QEMU then
# lets nobody else run.
REPEATABLE = "cpus.protections,cpus.faults,cpus.rest,*_cpus.*"

RESULT_LINE = re.compile(r"^(?:not )?ok [^#\n]*", re.MULTILINE)


@check("cpus.two", "all tests pass on two processors")
def two(context):
    with context.machine(image=context.image, memory="512M", cpus=2) as machine:
        results = context.run(machine)
    context.require(results.lines_with("cpus: 2 of 2"), "two do not take part")


def concurrent(context, cpus):
    with context.machine(kernel=context.application, memory="512M", cpus=cpus,
                         append=f"seed=7 test={CONCURRENT}") as machine:
        results = context.run(machine)
    context.require(results.lines_with(f"cpus: {cpus} of {cpus}"), "not all take part")
    for cpu in range(cpus):
        context.require(results.lines_with(f"cpu {cpu}: apic id"), f"CPU {cpu} is not named")


@check("cpus.four", "what runs on many CPUs passes on four processors")
def four(context):
    concurrent(context, 4)


@check("cpus.eight", "what runs on many CPUs passes on eight processors")
def eight(context):
    concurrent(context, 8)


@check("cpus.dispatches", "after 1,000 dispatches firmware, map and services are as before")
def dispatches(context):
    with context.machine(kernel=context.application, memory="256M", cpus=2,
                         append="test=cpus.dispatches dispatches.rounds=1000") as machine:
        context.run(machine)


@check("cpus.levels", "other processors change the number of levels as the first one does")
def levels(context):
    with context.machine(kernel=context.application, memory="256M", cpus=3,
                         append=f"seed=7 paging=5 test={CONCURRENT}") as machine:
        context.run(machine)


@check("cpus.repeat", "two processors under -icount: two runs have the same results")
def repeat(context):
    texts = []
    for number in range(2):
        with context.machine(kernel=context.application, memory="256M", cpus=2,
                             append=f"seed=7 mem=64M test={REPEATABLE}",
                             extra=["-icount", "shift=6,sleep=off", "-rtc",
                                    "base=2026-01-01T00:00:00,clock=vm"]) as machine:
            context.run(machine)
            texts.append(RESULT_LINE.findall(machine.debug.text()))
        os.rename(machine.debug.path, context.path(f"debug-{number}.log"))
    context.require(len(texts[0]) > 10, f"{len(texts[0])} results")
    context.require(texts[0] == texts[1], "they differ: see debug-0.log and debug-1.log")


@check("cpus.shootdown", "with the flush no read of 100,000 rounds is stale, without it many are")
def shootdown(context):
    with context.machine(kernel=context.application, memory="256M", cpus=2,
                         append="test=tlb.shootdown shootdown.rounds=100000",
                         extra=["-accel", "tcg,thread=single"]) as machine:
        results = context.run(machine)
    stale = results.lines_with("without the flush:", "reads were stale")
    context.require(stale and not stale[0].startswith("# without the flush: 0 "),
                    "without the flush nothing was stale: the test sees nothing")


# What a CPU that does wrong makes of the run, and what is said of it.
WRONG = (
    ("hang", FAILED, ("is not through with its work", "cpu 1: nmi", "at hang+")),
    ("blind", FAILED, ("has not flushed its tlb", "cpu 1: nmi", "at do_not_look+")),
    ("wild", FAILED, ("cpu 1: page fault writing 0x18", "that address is null plus 0x18")),
    ("deaf", FAILED, ("does not answer: it is lost", "the run goes on with 1")),
    ("locked", CRASHED, ("at hang_with_a_lock+", "this cpu holds a lock")),
    ("wild_locked", CRASHED, ("cpu 1: page fault writing 0x18", "another cpu has ended it")),
)


@check("cpus.lost", "a CPU that does wrong is named with its place, and costs one test or the run")
def lost(context):
    for name, ending, words in WRONG:
        with context.machine(kernel=context.application, memory="256M", cpus=2,
                             append=f"limit=2 test=cpus.rest,cpus_lost.{name},fail.*") as machine:
            status, results = context.ending(machine, counted=False)
        context.require(status == ending, f"{name} ended with {status}")
        for word in words:
            context.require(results.lines_with(word), f"{name}: nobody says: {word}")
        if ending == FAILED:
            context.require(results.names("failed") == ["cpus_lost." + name],
                            f"{name}: failed: " + ", ".join(results.names("failed")))
        for proof in ("memory_given_back", "memory_map_as_before", "registers_as_before"):
            context.require("efi." + proof in results.names("passed"), f"{name}: not {proof}")
