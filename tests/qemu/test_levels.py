# SPDX-License-Identifier: BSD-2-Clause
"""5-level paging under firmware that runs 4 levels: the gate by way of the trampoline."""
import disk
from check import check
from qemu import FAILED

FOUR_GIB = 1 << 32
LOWEST_5, END_5 = 0xFF11000000000000, 0xFFFFFE0000000000
LAST_SLOT_5 = 0xFFFF000000000000  # what the root's last entry translates


def require_5_levels(context, results):
    context.require(LOWEST_5 <= results.value("VMALLOC_START") < END_5,
                    "VMALLOC_START is not where 5 levels have it")
    context.require(results.lines_with("paging", "5 levels"), "the log does not say 5 levels")


@check("levels.last_slot", "with 5 levels the root's last entry is shared like the others")
def last_slot(context):
    with context.machine(kernel=context.application, memory="1G",
                         append="paging=5 seed=0xa00865c3ae28b2ec test=space.*") as machine:
        results = context.run(machine)
    context.require(results.value("PAGE_OFFSET") >= LAST_SLOT_5, "the seed draws another layout")


@check("levels.refused", "paging=5 without LA57 is refused in one line")
def refused(context):
    with context.machine(kernel=context.application, append="paging=5", cpu="qemu64",
                         memory="256M") as machine:
        status, results = context.ending(machine, counted=False)
    context.require(status == FAILED and not results.tests, "the run was not refused")
    context.require(len(results.lines_with("not possible here", "la57")) == 1, "no line says why")


def image_above(context, options):
    """A whole run with the image above 4 GiB, on a machine that has most of its memory there: what
    the loader takes and gives back below, this firmware fills."""
    image = disk.loader_disk(context.path("loader.img"), context.loader, context.application,
                             options)
    with context.machine(image=image, memory="1G",
                         extra=("-machine", "max-ram-below-4g=256M")) as machine:
        results = context.run(machine)
    context.require(results.value("image base") >= FOUR_GIB, "the image is not above 4 GiB")
    return results


@check("levels.high_image", "with the image above 4 GiB all tests pass")
def high_image(context):
    image_above(context, "seed=11")


@check("levels.high_image_five", "with the image above 4 GiB and paging=5 all tests pass")
def high_image_five(context):
    require_5_levels(context, image_above(context, "seed=11 paging=5"))
