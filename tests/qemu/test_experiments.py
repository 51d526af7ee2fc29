# SPDX-License-Identifier: BSD-2-Clause
"""Experiments, built into an application of their own: the worked examples, ones that go wrong, and
Linux's own test module from Debian's kernel sources, where a package has them."""
import glob
import os
import re
import subprocess
import tarfile
import threading

import ktap
from check import Skipped, check
from qemu import FAILED, PASSED

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = ["fragmentation", "guard_cost", "tlb_reach", "tlb_stale"]
MODULE_TESTS = 11  # of run_test_mask, as many as any kernel has
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


def build(context, *sources):
    """The application with `sources` in it; every object but theirs is shared by all checks."""
    target = os.path.join(context.folder, "vmlab.efi")
    with BUILDING:
        made = subprocess.run(
            ["make", "-C", ROOT, "--no-print-directory", "build/experiments.efi",
             "EXPERIMENTS=" + " ".join(os.path.abspath(source) for source in sources)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        context.require(made.returncode == 0, made.stdout.decode("utf-8", "replace"))
        os.replace(os.path.join(ROOT, "build", "experiments.efi"), target)
    return target


def run(context, sources, options, timeout=120):
    """(status, results) of the application with `sources` and `options`."""
    application = build(context, *sources)
    with context.machine(kernel=application, append="test=experiment " + options,
                         memory="512M", limit=20) as machine:
        return context.ending(machine, timeout)
