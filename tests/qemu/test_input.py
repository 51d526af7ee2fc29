# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: one clear line each, and an orderly end."""
import disk
from check import check
from qemu import FAILED

QUICK = "test=entry.*"


def require_one_line(context, results, *words):
    lines = results.lines_with(*words)
    context.require(len(lines) == 1, f"{len(lines)} lines with {words} instead of one")


@check("input.unknown_option", "unknown and malformed options are named, a line each, and skipped")
def unknown_option(context):
    image = disk.copy_with_options(context.image, context.path("options.img"),
                                   f"frobnicate=1 seed=zebra kaslr=perhaps {QUICK}")
    with context.machine(image=image, memory="256M") as machine:
        results = context.run(machine)
    for word in ("frobnicate", "zebra", "perhaps"):
        require_one_line(context, results, word)


@check("input.no_such_test", "test= that matches nothing fails, with the nearest name")
def no_such_test(context):
    with context.machine(kernel=context.application, append="test=layuot.*",
                         memory="256M") as machine:
        status, results = context.ending(machine, counted=False)
    context.require(status == FAILED, "a run without any test did not fail")
    require_one_line(context, results, "layuot", "nearest")
