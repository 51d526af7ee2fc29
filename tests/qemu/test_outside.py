# SPDX-License-Identifier: BSD-2-Clause
"""What comes from outside, at an exact moment inside the gate: NMI, machine check; and what no
handler can survive, a double fault. Each ends with a report, and with everything given back."""
import ktap
from check import check
from qemu import CRASHED, PASSED, PATIENCE

QUICK = "test=entry.*"
GIVEN_BACK = ("efi.memory_cleared", "efi.memory_given_back", "efi.memory_map_as_before",
              "efi.registers_as_before")
MACHINE_CHECK = "mce 0 1 0xb200000000000000 0x0 0x0 0x0"  # CPU, bank, valid uncorrected, ...


def stopped(context, options):
    """A machine that stops inside, with the gate closed, before the first test."""
    return context.machine(kernel=context.application, append=f"stop=start {options}",
                           memory="256M", cpu="max",
                           extra=("-device", "pvpanic", "-action", "panic=pause"))


def follow_to_stop(context, machine):
    """What was printed until then."""
    why = machine.follow(PATIENCE, done=lambda: machine.qmp.saw("GUEST_PANICKED"))
    context.require(why == "done", "did not stop: " + str(machine.complaint(why)))
    machine.debug.read()
    return ktap.parse(machine.debug.text())[-1]


def require_report(context, results, *words):
    context.require(results.lines_with(*words), "no line of the log says " + " ".join(words))
    context.require(results.lines_with("rip", "cr3"), "no registers are reported")
    context.require(results.lines_with("  in "), "no backtrace is reported")


def require_crash_in_order(context, machine):
    """The run's results, which end in a crash with all that was taken given back."""
    status, results = context.ending(machine, counted=False)
    context.require(status == CRASHED, "the run did not end as crashed")
    for name in GIVEN_BACK:
        context.require(name in results.names("passed"), name + " did not pass")
    return results


def nmi(context, options):
    with stopped(context, f"{QUICK} {options}") as machine:
        follow_to_stop(context, machine)
        machine.qmp.command("inject-nmi")
        machine.qmp.command("cont")
        status, results = context.ending(machine)
    context.require(status == PASSED, "the run did not pass")
    require_report(context, results, "nmi")


@check("outside.nmi", "an NMI inside the gate is reported, and the run goes on")
def nmi_4(context):
    nmi(context, "")


@check("outside.nmi_5_levels", "an NMI inside with 5 levels is reported, and the run goes on")
def nmi_5(context):
    nmi(context, "paging=5")


def machine_check(context, options):
    with stopped(context, f"{QUICK} {options}") as machine:
        follow_to_stop(context, machine)
        machine.qmp.monitor(MACHINE_CHECK)
        machine.qmp.command("cont")
        results = require_crash_in_order(context, machine)
    require_report(context, results, "machine check (#mc)")
    context.require(results.lines_with("bank 1", "0xb200000000000000"), "no bank is reported")


@check("outside.machine_check", "a machine check ends in a report, all given back")
def machine_check_4(context):
    machine_check(context, "")


@check("outside.machine_check_5_levels", "a machine check with 5 levels, all given back")
def machine_check_5(context):
    machine_check(context, "paging=5")


def double_fault(context, options):
    with context.machine(kernel=context.application, memory="256M",
                         append=f"test=entry.*,trap.double_fault {options}") as machine:
        results = require_crash_in_order(context, machine)
    require_report(context, results, "double fault (#df)")
    context.require(results.count("passed") > len(GIVEN_BACK), "results from before it are lost")


@check("outside.double_fault", "a double fault ends in a report, all given back")
def double_fault_4(context):
    double_fault(context, "")


@check("outside.double_fault_5_levels", "a double fault with 5 levels, all given back")
def double_fault_5(context):
    double_fault(context, "paging=5")
