# SPDX-License-Identifier: BSD-2-Clause
"""Not enough memory at any step of the start: one clear line, EFI_OUT_OF_RESOURCES, all given back,
and the next start in the same boot as good as ever. What the firmware refuses is tried on the host
(make test-refusals)."""
import re

from check import check
from qemu import FAILED, PASSED, PATIENCE
from test_options import shell_runs
from test_shell import POOL_PAGES

OUT_OF_RESOURCES = 0x9  # as the shell shows it, without the highest bit
STATUS = re.compile(r"status=(0x[0-9A-F]+)", re.IGNORECASE)
# What is missing, in the line that says so.
MISSING = re.compile(r"^# (?:mm: )?(?:no memory for .*|vmalloc cannot start): error 12$")
TOO_LITTLE = re.compile(r"^# too little memory: \d+ page frames can be had.*, 2048 are needed$")
POOL = re.compile(r"firmware took (\d+) pages \(0 that were ours\), returned \d+, changed 0")
QUICK = "test=levels.* results=off exit=shell"


def require_given_back(context, results, name):
    equal = results.lines_with("firmware map after: equal in each of")
    context.require(len(equal) == 1, f"{name}: the memory map is another one afterwards")


def require_pool_alone(context, results, name):
    """The map is as before, or the firmware's own pool is a page or two larger, as it may be."""
    lines = results.lines_with("firmware map after: ")
    took = POOL.search(lines[0]) if lines else None
    context.require("equal in each of" in lines[0] if not took else int(took[1]) <= POOL_PAGES,
                    f"{name}: {lines}")


def require_refused(context, results, status, why, name, given_back=require_given_back):
    """One line that matches `why`, another one that nothing was run, and the map as before."""
    said = [line for line in results.lines if why.match(line)]
    context.require(len(said) == 1, f"{name}: {len(said)} lines say what is missing")
    context.require(results.lines[-1] == "# nothing was run: out of resources",
                    f"{name} ends with {results.lines[-1]}")
    context.require(status == OUT_OF_RESOURCES and not results.tests, f"{name} ended with {status}")
    given_back(context, results, name)


def require_passed(context, results, status, name):
    context.require(status == 0 and not results.problem() and not results.names("failed"),
                    f"{name} neither passes nor is refused ({status}: {results.lines[-1]})")
    require_given_back(context, results, name)


def starts(context, loop, words, seconds):
    """[(results, status)] of a start for each turn of the shell's `loop`, in which %a counts."""
    script = [f"for %a run {loop}\r\n  vmlab.efi seed=9 {words} {QUICK}\r\n"
              "  echo status=%lasterror%\r\nendfor"]
    runs, serial = shell_runs(context, script, seconds=seconds)
    statuses = [int(status, 16) for status in STATUS.findall(serial)]
    context.require(len(runs) == len(statuses), f"{len(runs)} runs, {len(statuses)} statuses")
    return list(zip(runs, statuses))


def starve(context, first, last, step, words, seconds):
    """Starts of which the internal allocations `first` to `last` fail. The last one is to be beyond
    the start: no refusal may be the last."""
    refused, start = set(), 0
    numbers = range(first, last + 1, step)
    tried = starts(context, f"({first} {last} {step})", "mem=16M fail=%a " + words, seconds)
    context.require(len(tried) == len(numbers), f"{len(tried)} runs instead of {len(numbers)}")
    for number, (results, status) in zip(numbers, tried):
        allocations = results.lines_with("start:", "internal allocations")
        if allocations:
            start = max(start, int(allocations[0].split()[2]))
            require_passed(context, results, status, f"fail={number}")
        else:
            require_refused(context, results, status, MISSING, f"fail={number}")
            refused.add(number)
    context.require(refused and start, "the start was never refused, or always")
    context.require(last > start > max(refused), f"{start} allocations, the last tried is {last}")
    return refused


@check("start.limit", "just below 8 MiB a start is refused in a line, and from there on it passes")
def limit(context):
    tried = starts(context, "(8176 8224 8)", "mem=%aK", PATIENCE)
    refused = [bool(results.lines_with("too little memory")) for results, _ in tried]
    context.require(refused == sorted(refused, reverse=True) and {True, False} == set(refused),
                    f"refused: {refused}")
    for (results, status), was_refused in zip(tried, refused):
        if was_refused:
            require_refused(context, results, status, TOO_LITTLE, "a start with too little")
        else:
            require_passed(context, results, status, "a start with just enough")


@check("start.starved", "a start that lacks memory is refused in a line, and gives all back")
def starved(context):
    refused = starve(context, 1, 71, 7, "vmalloc=1T", PATIENCE)
    context.require(len(refused) > 3, f"refused at {sorted(refused)} alone")


@check("machines.starved", "the same at every allocation that a start makes", only_asked=True)
def starved_everywhere(context):
    starve(context, 1, 140, 1, "", 4 * PATIENCE)


@check("machines.small", "machines of 48 to 64 MiB: refused in a line, or all tests pass there",
       only_asked=True)
def small(context):
    passed = []
    for size in range(48, 65):
        name = f"a machine of {size} MiB"
        with context.machine(kernel=context.application, memory=f"{size}M",
                             append=f"seed={size} test=!mm_random.*") as machine:
            status, results = context.ending(machine, counted=False)
        passed.append(status == PASSED)
        if results.tests:
            context.require(passed[-1], f"{name}: " + ", ".join(results.names("failed")[:8]))
            require_pool_alone(context, results, name)
        else:
            context.require(status == FAILED, f"{name} ended with {status}")
            require_refused(context, results, OUT_OF_RESOURCES, TOO_LITTLE, name,
                            require_pool_alone)
    context.require(passed == sorted(passed) and len(set(passed)) == 2, f"passed: {passed}")
