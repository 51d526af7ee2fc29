# SPDX-License-Identifier: BSD-2-Clause
"""Faults that nobody expected: a test that goes wild is reported, and the run's other results stay.

The tests trap.* do something wild; they run only when they are named.
"""
import re

from check import check
from qemu import CRASHED, FAILED, PASSED

REPORT = re.compile(r"^# that address is (.*)")
RESULT = re.compile(r"(not )?ok \d+ (\S+)")

STACK = r"vmap area RANGE, allocated at map_stack\+SYMBOL"

# What is said of each test's address.
ADDRESSES = {
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
    "rodata": r"image rodata, read-only, no-execute",
    "freed_frame": r"frame NUMBER in the direct map, free, given back by "
                   r"test_trap_freed_frame\+SYMBOL",
    "stack": r"guard in front of a 16-page " + STACK + r", \d+ bytes before its start",
    "null_jump": r"NULL",
    "execute_area": r"the start of a 1-page vmalloc area RANGE, "
                    r"allocated at test_trap_execute_area\+SYMBOL",
    "execute_data": r"image data, no-execute",
    "execute_stack": r"\d+ bytes inside of a 16-page " + STACK,
    "execute_table": r"frame NUMBER in the direct map, in use from the start \(.*\)",
}
# What has no address: the exception that is reported.
EXCEPTIONS = {
    "non_canonical": "general protection (#GP)",
    "divide": "divide error (#DE)",
    "undefined": "invalid opcode (#UD)",
}


def matches(pattern, text):
    pattern = pattern.replace("RANGE", "NUMBER-NUMBER").replace("SYMBOL", "NUMBER/NUMBER")
    return re.fullmatch(pattern.replace("NUMBER", "0x[0-9a-f]+"), text)


def reports(results):
    """{test: the lines from its exception to the line that says how it went}"""
    found, start = {}, 0
    for i, line in enumerate(results.lines):
        result = RESULT.match(line)
        if line.startswith("# CPU 0: "):
            start = i
        elif result:
            found[result[2]] = results.lines[start:i]
            start = i
    return found


def require_reported(context, name, lines):
    """What it was, registers, code and a backtrace with the test in it."""
    for words in ("# rax ", "# rip ", "#   in "):
        context.require(any(line.startswith(words) for line in lines),
                        f"the report of {name} lacks {words}")
    context.require(any("code at rip:" in line or "no code can be read" in line for line in lines),
                    f"the report of {name} says nothing of the code")
    context.require(any(line.startswith("#   ") and "test_trap_" + name in line
                        for line in lines) or name == "stack",
                    f"the backtrace of {name} lacks the test")
    if name in EXCEPTIONS:
        context.require(EXCEPTIONS[name] in lines[0], f"{name} is said to be: {lines[0]}")
        return
    said = [match[1] for match in map(REPORT.match, lines) if match]
    kind = "executing" if name.startswith("execute") or name == "null_jump" else ""
    context.require("page fault " + kind in lines[0], f"{name} is said to be: {lines[0]}")
    context.require(len(said) == 1 and matches(ADDRESSES[name], said[0]),
                    f"the address of {name} is said to be: {said}")


@check("trap.wild", "a wild act fails its test alone, and the report says what it was: 18 acts")
def wild(context):
    names = {"trap." + name: name for name in [*ADDRESSES, *EXCEPTIONS]}
    with context.machine(kernel=context.application, memory="256M",
                         append=f"test={','.join(names)},entry.*,space.* debug=pagealloc "
                                "wild_read.address=0xffc00000") as machine:
        status, results = context.ending(machine, counted=False)
    context.require(status == FAILED, "the run did not fail")
    context.require(sorted(results.names("failed")) == sorted(names),
                    "failed: " + ", ".join(results.names("failed")))
    context.require(results.count("passed") > 8, "the other results are lost")
    found = reports(results)
    for test, name in names.items():
        require_reported(context, name, found[test])


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
