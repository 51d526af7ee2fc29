# SPDX-License-Identifier: BSD-2-Clause
"""What no handler can survive, in the midst of a crossing of the gate, where one world's
descriptors are loaded and the other one's tables: gdb sends the CPU to an address that is none. It
ends with a report, on the firmware's own stack, with its registers as they were, all given back."""
from check import check
from debug import GDB
from test_debug import gdb
from test_outside import follow_to_stop, require_crash_in_order

NOWHERE = 0x8000000000000000  # not canonical: a general protection fault
# Functions of the crossing, and when it comes to each of them again from the stop on: (function,
# how often, where that is).
PLACES = (
    ("gate_cross", 1, "opening, before CR3 changes"),
    ("switch_pat", 1, "opening, with the firmware's tables"),
    ("switch_pat", 2, "closing, before CR3 changes"),
    ("gate_cross", 2, "closing, before CR3 changes, the stack about to change"),
    ("enter_inside", 1, "closing, with our tables"),
)


def wreck(context, function, times, options):
    """A run that stops inside, goes on until `function` is entered so often, and from there into
    nowhere; its results."""
    with context.machine(
            kernel=context.application, append=f"stop=start test=entry.*,gate.* {options}",
            memory="256M",
            extra=("-device", "pvpanic", "-action", "panic=pause",
                   "-gdb", f"unix:{context.path('gdb.sock')},server=on,wait=off")) as machine:
        base = follow_to_stop(context, machine).value("image base")
        gdb(context, base, "hbreak " + function, *["continue"] * times, "delete",
            f"set $pc = {NOWHERE:#x}", "detach")
        return require_crash_in_order(context, machine)


def crossing(context, options, step="gate_cross"):
    """`step`: the function that has the place of gate_cross."""
    context.need(GDB, "gdb")
    for function, times, where in PLACES:
        function = function.replace("gate_cross", step)
        results = wreck(context, function, times, options)
        context.require(results.lines_with("the run ends here", "general protection (#gp)") or
                        results.lines_with("the run ends here", "before it: general protection"),
                        where + ": not reported")


@check("crossing.four", "a fault in the midst of a crossing ends in a report, all given back")
def crossing_4(context):
    crossing(context, "")


@check("crossing.five", "the same where the number of levels changes on the way")
def crossing_5(context):
    crossing(context, "paging=5", "gate_levels_cross")
