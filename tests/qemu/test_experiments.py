# SPDX-License-Identifier: BSD-2-Clause
"""Experiments, built into an application of their own: the worked examples, ones that go wrong, and
Linux's own test module from Debian's kernel sources, where a package has them."""
import glob
import os
import re
import subprocess
import threading

import ktap
from check import ROOT, Skipped, check
from qemu import FAILED, PASSED, PATIENCE
from run import verdict

EXAMPLES = ["fragmentation", "guard_cost", "tlb_reach", "tlb_stale"]
LIMIT = 30  # seconds a test may take
SUMMARY = re.compile(r"^# Summary: (\S+) passed: (\d+) failed: (\d+)")
BUILDING = threading.Lock()

# One that faults, one that leaks, one that loops for ever, and one that must still be run.
BAD = """
#include <vmlab.h>

EXPERIMENT(bad_1_fault, "a stray write is reported")
{
	play_frames(3);
	*(volatile int *)0x123 = 1;
}

EXPERIMENT(bad_2_leak, "a leak is reported")
{
	vmalloc(3 * PAGE_SIZE);
}

EXPERIMENT(bad_3_endless, "a loop without an end is ended")
{
	for (volatile int i = 0;; i++)
		;
}

EXPERIMENT(bad_4_good, "the run goes on")
{
	expect_equal(option_u64("answer", 0), 42);
}
"""


# A module of the kind that is written for Linux, with a parameter and threads; what it prints.
MODULE = os.path.join(ROOT, "tests", "qemu", "module_of_tests.c")
MODULE_LINES = ("15 areas of 3 threads", "works added up to 145", "00000000: 65 6c 65 76 65 6e",
                "eleven byte", "local apic, version 0x", "worked 5 rounds")


def build(context, *sources, name="vmlab.efi"):
    """The application with `sources` in it; all objects but theirs are there already."""
    target = context.path(name)
    with BUILDING:
        made = context.make("experiments/" + name, "EXPERIMENTS=" + " ".join(
            os.path.abspath(source) for source in sources))
        subprocess.run(["cp", made, target], check=True)
    return target


def run(context, sources, options):
    """The status and the results of one run with `sources`, which need not be a pass."""
    with context.machine(kernel=build(context, *sources), append="test=experiment " + options,
                         memory="512M", limit=LIMIT + 2) as machine:
        status, wrong = verdict(machine, machine.follow(PATIENCE))
        context.require(not wrong, wrong)
        return status, ktap.parse(machine.debug.text())[-1]


def outcomes(results):
    return {name.replace("experiment.", ""): outcome for name, outcome, *_ in results.tests}


def expect_lines(context, results, lines):
    for line in lines:
        context.require(results.lines_with(line), "no line: " + line)


@check("experiments.module", "a module written for Linux runs as it is; callers have names")
def linux_module(context):
    status, results = run(context, [MODULE], "module_of_tests.rounds=5")
    context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
    expect_lines(context, results, MODULE_LINES + ("called by module_of_tests_init+0x",))


@check("experiments.examples", "the worked examples pass and report figures")
def examples(context):
    sources = [os.path.join(ROOT, "tests", "experiments", name + ".c") for name in EXAMPLES]
    status, results = run(context, sources, "fragmentation.turns=500")
    context.add(results)
    context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
    context.require(outcomes(results)["tlb_reach"] == "skipped", "an emulator's TLB was measured")
    for name in EXAMPLES[:2] + EXAMPLES[3:]:
        context.require(results.lines_with("# report experiment." + name), name + " has no figure")


@check("experiments.host", "examples and a module with a thread run in the host build too")
def host(context):
    sources = [os.path.join(ROOT, "tests", "experiments", name + ".c") for name in EXAMPLES]
    program = build(context, *sources, MODULE, name="vmlab-host")
    done = subprocess.run([program, "test=experiment", "fragmentation.turns=500",
                           "module_of_tests.rounds=5"], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE)
    results = ktap.parse(done.stdout.decode("utf-8", "replace"))[-1]
    context.add(results)
    context.require(done.returncode == 0 and not results.problem(),
                    str(results.problem()) + "\n" + "\n".join(results.lines[-20:]))
    seen = outcomes(results)
    context.require(seen["module_of_tests"] == "passed" and seen["tlb_reach"] == "skipped",
                    str(seen))
    expect_lines(context, results, MODULE_LINES)
    for name in EXAMPLES[:2] + EXAMPLES[3:]:
        context.require(results.lines_with("# report experiment." + name), name + " has no figure")


@check("experiments.bad", "experiments that fault, leak or loop are reported as that, and it goes on")
def bad(context):
    source = context.path("bad.c")
    with open(source, "w", encoding="ascii") as file:
        file.write(BAD)
    status, results = run(context, [source], f"limit={LIMIT}s bad_4_good.answer=42")
    seen = outcomes(results)
    context.require(status == FAILED, "the run did not fail")
    context.require(results.lines_with("leaked 3 frames"), "no line names the leak")
    for name in ("bad_1_fault", "bad_2_leak", "bad_3_endless"):
        context.require(seen.get(name) == "failed", f"{name}: {seen.get(name)}")
    context.require(seen.get("bad_4_good") == "passed", "the run did not go on")


def module(package):
    def run_module(context):
        archives = glob.glob(f"/usr/src/{package}.tar.xz")
        if not archives:
            raise Skipped(f"the package {package} is not installed")
        source = context.path("test_vmalloc.c")
        with open(source, "wb") as copy:
            subprocess.run(["tar", "xJOf", archives[0], "--occurrence",
                            package + "/lib/test_vmalloc.c"], stdout=copy, check=True)
        status, results = run(context, [source], "test_vmalloc.test_loop_count=200")
        context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
        context.add(results)
        lines = [match for match in map(SUMMARY.match, results.lines) if match]
        context.require(len(lines) >= 10, f"{len(lines)} lines of Summary")
        for line in lines:
            wanted = "1" if line[1] == "align_shift_alloc_test" else "0"
            context.require(line[3] == wanted, line[0])
    return run_module


for name in ("linux-source-6.1", "linux-source-6.12"):
    check("experiments." + name, f"lib/test_vmalloc.c of {name}, unmodified: nothing failed")(
        module(name))
