# SPDX-License-Identifier: BSD-2-Clause
"""Faults that nobody expected: a test that goes wild is reported, and the run's other results stay.

The tests trap.* do something wild; they run only when they are named.
"""
from check import Skipped, check
from qemu import FAILED


@check("trap.wild_write", "a wild write fails its test, is decoded, and the run goes on")
def wild_write(context):
    with context.machine(kernel=context.application, append="test=trap.wild_write,entry.*",
                         memory="256M") as machine:
        status, results = context.ending(machine, counted=False)
    if results.lines_with("trap.wild_write", "names no test"):
        raise Skipped("this build has no trap.wild_write")
    context.require(status == FAILED, "the run did not fail")
    context.require(results.names("failed") == ["trap.wild_write"],
                    "failed: " + ", ".join(results.names("failed")))
    context.require(results.count("passed") > 1, "the other results are lost")
    context.require(results.lines_with("page fault", "write"), "the fault is not reported")
