# SPDX-License-Identifier: BSD-2-Clause
"""Faults that nobody expected: a test that goes wild is reported, and the run's other results stay.

The tests trap.* do something wild; they run only when they are named.
"""
import re

from check import check
from qemu import CRASHED, FAILED, PASSED

REPORT = re.compile(r"^# that address is (.*)")


def said(results):
    """What the reports call the addresses."""
    return [match[1] for match in map(REPORT.match, results.lines) if match]


# What is said of each test's address, in the order in which they run.
EXPECTED = {
    "wild_write": r"in the vmalloc region, in no area",
    "null": r"NULL plus 0x18",
    "wild_read": r"firmware memory, type [A-Z]\w+",
    "behind": r"17 bytes past the end of a 3-page vmalloc area RANGE, "
              r"allocated at test_trap_behind\+SYMBOL",
    "before": r"guard in front of a 3-page vmalloc area RANGE, "
              r"allocated at test_trap_before\+SYMBOL, 8 bytes before its start",
    "freed": r"24 bytes into a 3-page area freed at test_trap_freed\+SYMBOL, "
             r"allocated at test_trap_freed\+SYMBOL",
    "text": r"image text, read-only",
    "stack": r"guard in front of a 16-page vmap area RANGE, allocated at map_stack\+SYMBOL, "
             r"\d+ bytes before its start",
}


def matches(pattern, text):
    pattern = pattern.replace("RANGE", "0x[0-9a-f]+-0x[0-9a-f]+")
    return re.fullmatch(pattern.replace("SYMBOL", "0x[0-9a-f]+/0x[0-9a-f]+"), text)


def require_reported(context, results, name):
    """Registers, code and a backtrace before the line that says how the test went."""
    end = results.lines.index(next(line for line in results.lines
                                   if re.match(r"not ok \d+ trap\." + name, line)))
    lines = results.lines[:end]
    start = max(i for i, line in enumerate(lines) if line.startswith("# CPU 0: page fault"))
    for words in ("# rax ", "# rip ", "# code at rip:", "#   in "):
        context.require(any(line.startswith(words) for line in lines[start:]),
                        f"the report of {name} lacks {words}")
    context.require(any("test_trap_" + name in line for line in lines[start:]) or name == "stack",
                    f"the backtrace of {name} lacks the test")


@check("trap.wild", "a wild access fails its test alone, and the report says what the address is")
def wild(context):
    tests = ",".join("trap." + name for name in EXPECTED)
    with context.machine(kernel=context.application, memory="256M",
                         append=f"test={tests},entry.*,space.* wild_read.address=0xffc00000",
                         ) as machine:
        status, results = context.ending(machine, counted=False)
    context.require(status == FAILED, "the run did not fail")
    context.require(results.names("failed") == ["trap." + name for name in EXPECTED],
                    "failed: " + ", ".join(results.names("failed")))
    context.require(results.count("passed") > 8, "the other results are lost")
    for (name, pattern), text in zip(EXPECTED.items(), said(results)):
        context.require(matches(pattern, text), f"{name} is said to be: {text}")
        require_reported(context, results, name)


@check("trap.handler", "a fault in the fault handler ends the run with a report, all given back")
def handler(context):
    with context.machine(kernel=context.application, memory="256M",
                         append="test=entry.*,trap.handler") as machine:
        status, results = context.ending(machine, counted=False)
    context.require(status == CRASHED, "the run did not end as crashed")
    context.require(results.lines_with("the run ends here", "vector 14 in the fault handler",
                                       "address 0x28", "page fault writing"), "not reported")
    context.require(results.count("passed") > 3, "the results from before it are lost")
    for name in ("memory_cleared", "memory_given_back", "memory_map_as_before",
                 "registers_as_before"):
        context.require("efi." + name in results.names("passed"), name + " did not pass")


@check("trap.vectors", "every vector is reported by its name, or its number")
def vectors(context):
    with context.machine(kernel=context.application, append="test=trap.vectors",
                         memory="256M") as machine:
        status, results = context.ending(machine)
    context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
    for name in ("(#de)", "(#db)", "nmi", "(#bp)", "(#of)", "(#br)", "(#ud)", "(#nm)",
                 "(#gp)", "(#mf)", "(#xm)", "(#ve)", "vector 32,", "vector 255,"):
        context.require(results.lines_with("cpu 0: ", name), "no report of " + name)
    context.require(results.lines_with("entry 0x1fff of the gdt"), "no selector is decoded")
