# SPDX-License-Identifier: BSD-2-Clause
"""How other processors are found and called: by hand where the firmware has no services for it; and
services that refuse, or processors that they say are no good: a line each, and the run goes on."""
import disk
from check import check
from firmware import U_BOOT_PC
from test_cpus import CONCURRENT
from test_shell import runs_in_shell

QUICK = "mem=16M results=off exit=shell test=cpus.protections,cpus.rest"
# Numbers of errors in UEFI (appendix D).
INVALID_PARAMETER, UNSUPPORTED, NOT_READY, DEVICE_ERROR, OUT_OF_RESOURCES = 2, 3, 6, 7, 9
NOT_FOUND, TIMEOUT, NOT_STARTED, ABORTED = 14, 18, 19, 21
ERRORS = {INVALID_PARAMETER: "invalid parameter", UNSUPPORTED: "unsupported",
          NOT_READY: "not ready", DEVICE_ERROR: "device error",
          OUT_OF_RESOURCES: "out of resources", NOT_FOUND: "not found", TIMEOUT: "timeout",
          NOT_STARTED: "not started", ABORTED: "aborted"}


def on_u_boot(context, options, cpus, extra=()):
    context.need(U_BOOT_PC.code, "u-boot-qemu")
    image = disk.copy_with_options(context.image, context.path("disk.img"), options)
    with context.machine(firmware=U_BOOT_PC, image=image, memory="256M", cpus=cpus,
                         extra=extra) as machine:
        return context.run(machine)


def by_hand(context, cpus, more=""):
    results = on_u_boot(context, f"seed=7 results=off cpus=all {more} "
                        f"test={CONCURRENT} dispatches.rounds=100", cpus)
    context.require(results.lines_with("the others come by init and sipi"), "not by INIT and SIPI")
    context.require(results.lines_with(f"cpus: {cpus} of {cpus}"), "not all take part")
    context.require("cpus.dispatches" in results.names("passed"), "they were not dispatched")


@check("cpus.by_hand", "without MP services two processors come by INIT and SIPI, and pass")
def two_by_hand(context):
    by_hand(context, 2)


@check("cpus.by_hand_four", "without MP services four come, and change the number of levels too")
def four_by_hand(context):
    by_hand(context, 4, "paging=5")


@check("cpus.by_hand_fewer", "they come only when asked for, as many as wanted, if there is a MADT")
def fewer_by_hand(context):
    for words, extra, said in (
            ("cpus=auto", [], "cpus: 1 (this firmware has no mp services; cpus=all or a number"),
            ("cpus=2", [], "cpus: 2 of 3"),
            ("cpus=2", ["-no-acpi"], "for init and sipi: the pointer to the tables is not one")):
        results = on_u_boot(context, words + " results=off test=cpus.*,gate.*", 3, extra)
        context.require(results.lines_with(said), f"{words} does not say: {said}")


# What cpus= can be on a machine with three, and what is said.
NUMBERS = (("cpus=1", "cpus: 1 of 3"), ("cpus=2", "cpus: 2 of 3"), ("cpus=all", "cpus: 3 of 3"),
           ("cpus=auto", "cpus: 3 of 3"), ("cpus=5", "cpus=5: there are 3 processors"),
           ("cpus=0", 'malformed "cpus=0"'))


@check("cpus.fewer", "cpus= takes fewer than there are, and says so when there are not so many")
def fewer(context):
    runs, _ = runs_in_shell(context, [f"vmlab.efi {QUICK} {words}" for words, _ in NUMBERS], cpus=3)
    context.require(len(runs) == len(NUMBERS), f"{len(runs)} runs instead of {len(NUMBERS)}")
    for results, (words, said) in zip(runs, NUMBERS):
        context.require(results.lines_with(said), f"{words} of 3 does not say: {said}")


# What the first one has, by QEMU's name, and by ours.
LACKING = {"smap": "smap", "smep": "smep", "umip": "umip", "pdpe1gb": "1g", "la57": "la57"}


@check("cpus.unlike", "a processor that lacks what the first one has is left out")
def unlike(context):
    last = len(LACKING) + 1
    cpus = [f"max-x86_64-cpu,{lacking}=off" for lacking in LACKING] + ["max-x86_64-cpu"]
    devices = [word for core, cpu in enumerate(cpus, 1)
               for word in ("-device", f"{cpu},socket-id=0,core-id={core},thread-id=0")]
    with context.machine(kernel=context.application, memory="256M", append="test=cpus.rest",
                         extra=["-smp", f"1,maxcpus={last + 1},cores={last + 1}", *devices,
                                "-accel", "tcg,thread=single"]) as machine:
        results = context.run(machine)
    for core, word in enumerate(LACKING.values(), 1):
        context.require(results.lines_with("left out: ", f"apic id {core},", "it has no " + word),
                        "nobody says that it has no " + word)
    context.require(results.lines_with(f"cpus: 2 of {last + 1}"), "the last one does not take part")


def spoilt(context, cases, cpus=3, **what):
    """A run for each case: words for the shim, for the application, and lines that it shall say."""
    script = [f"mp_shim.efi {wrong} -- {QUICK} {options}" for wrong, options, _ in cases]
    runs, _ = runs_in_shell(context, script, more=[context.mp_shim], cpus=cpus, **what)
    context.require(len(runs) == len(cases), f"{len(runs)} runs instead of {len(cases)}")
    for run, (wrong, _, said) in zip(runs, cases):
        for line in said:
            context.require(len(run.lines_with(line.lower())) == 1,
                            f"{wrong}: not one line says: {line}")


@check("cpus.no_good", "processors that are disabled, failed or silent are named, and others work")
def no_good(context):
    other = "cpus: 2 of 3"
    spoilt(context, [
        ("disabled=1", "", ["APIC id 1, package 0, core 1, thread 0: the firmware has disabled it",
                            other]),
        ("failed=2", "", ["APIC id 2, package 0, core 2, thread 0: the firmware says that it has "
                          "failed", other]),
        ("silent=1", "", ["APIC id 1, package 0, core 1, thread 0: it did not come", other]),
        ("absent=1", "", ["this firmware has no MP services; cpus=all or a number"]),
        ("absent=1", "cpus=2", ["the others come by INIT and SIPI", other]),
        ("from=99", "", ["cpus: 3 of 3"]),  # and all is well again behind that
    ])


def refusing(service, errors, said, options=""):
    return [(f"{service}={error} {options}", "",
             [f"{service} says {ERRORS[error]}", *said]) for error in errors]


@check("cpus.refused", "services that refuse cost the other processors, and say so in a line")
def refused(context):
    spoilt(context, [
        *refusing("GetNumberOfProcessors", ERRORS, []),
        *refusing("GetProcessorInfo", ERRORS, ["cpus: 2 of 3"], "from=3"),
        *refusing("StartupAllAPs", ERRORS, ["cpus: 1 of 3"]),
        # Asked for a processor that has been waited for in vain, for five seconds.
        *refusing("EnableDisableAP", [UNSUPPORTED, NOT_FOUND], ["cpus: 2 of 3"], "silent=1"),
    ])


@check("cpus.refused_later", "services that refuse a test cost that test, and the run goes on")
def refused_later(context):
    """The roll call is one call, and the next one is for the first test."""
    said = ["was not dispatched: the run goes on with 1", "CPU 1 did not come to the end"]
    spoilt(context, refusing("StartupAllAPs", [INVALID_PARAMETER, NOT_READY, TIMEOUT], said,
                             "from=2"), may_fail=("cpus.protections",))
