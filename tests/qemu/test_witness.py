# SPDX-License-Identifier: BSD-2-Clause
"""The witness: what QEMU itself finds in the page tables, at an exact stop with the gate closed.

The application stops there by writing to the port of QEMU's pvpanic device (stop=areas), after it
has printed its dump and vmallocinfo. Every translation that QEMU knows must be part of the image,
of the direct map of frames that were taken, of their page array, or of an area that vmallocinfo
lists, each with the permissions that this has; and none of those may be missing.
"""
import re

import ktap
from check import Skipped, check
from qemu import PASSED
from test_image import Pe

TRANSLATION = re.compile(r"^([0-9a-f]{16}): ([0-9a-f]{16}) ([-XGPDACTUW]{9})", re.MULTILINE)
TAKEN = re.compile(r"^# taken 0x([0-9a-f]+)-0x([0-9a-f]+)")
TRAMPOLINE = re.compile(r"^# trampoline: code 0x([0-9a-f]+), data 0x([0-9a-f]+)")
AREA = re.compile(r"^# 0x([0-9a-f]+)-0x([0-9a-f]+) +\d+ (?!unpurged)(.*)")
DUMP = re.compile(r"^# dump: ([0-9a-f]+)-([0-9a-f]+) ([0-9a-f]+) (4K|2M|1G) ([-rwxu]+) (\S+)")
SIZES = {"4K": 1 << 12, "2M": 1 << 21, "1G": 1 << 30}
PAGE = 1 << 12
# The page array (mm/page.h): for each block of memory that has a frame of ours, pages of
# structures, and, behind those of all blocks, pages of words.
BLOCK, BLOCK_STRUCTURES, BLOCK_WORDS = 4 << 20, 6, 1


class Leaf:
    def __init__(self, virt, phys, flags):
        self.virt, self.phys = virt, phys
        self.write, self.execute = "W" in flags, "X" not in flags
        self.user, self.large = "U" in flags, "P" in flags

    def key(self):
        return self.virt, self.phys, self.write, self.execute, self.user, self.large

    def __str__(self):
        return (f"{self.virt:016x} -> {self.phys:x} r{'w' if self.write else '-'}"
                f"{'x' if self.execute else '-'}")


def seen_by_qemu(machine):
    text = machine.qmp.monitor("info tlb").replace("\r", "")
    with open(machine.path("info-tlb.txt"), "w", encoding="utf-8") as file:
        file.write(text)
    return [Leaf(int(v, 16), int(p, 16), flags) for v, p, flags in TRANSLATION.findall(text)]


def dumped(results):
    """The keys of all leaves that the application's own dump tells of."""
    keys = set()
    for match in filter(None, map(DUMP.match, results.lines)):
        start, end, phys = (int(value, 16) for value in match.groups()[:3])
        size = SIZES[match[4]]
        for offset in range(0, end - start, size):
            keys.add((start + offset, phys + offset, "w" in match[5], "x" in match[5],
                      "u" in match[5], size > PAGE))
    return keys


def taken(results):
    return [(int(m[1], 16), int(m[2], 16)) for m in map(TAKEN.match, results.lines) if m]


def areas(results):
    """What is mapped of each area: all but the guard behind, which early ones do not count."""
    return [(int(m[1], 16), int(m[2], 16) - (0 if "early" in m[3].split() else PAGE))
            for m in map(AREA.match, results.lines) if m]


def trampoline(results):
    """The pages that the image has beside its own while the numbers of levels differ."""
    return [(int(page, 16), int(page, 16) + PAGE, None)
            for m in map(TRAMPOLINE.match, results.lines) if m for page in m.groups()]


class Expected:
    """What may be mapped, and what must: pages of 4 KiB, by the log and the linked file alone."""

    def __init__(self, context, results):
        self.taken = taken(results)
        self.areas = areas(results)
        self.base = results.value("image base")
        self.sections = [(self.base + start, self.base + start + size, flags)
                         for start, size, flags in Pe(context.application).sections.values()]
        self.sections += trampoline(results)
        self.direct = results.value("PAGE_OFFSET")
        self.vmalloc = results.value("VMALLOC_START")
        self.array = results.value("VMEMMAP_START")

    def is_taken(self, phys, size=PAGE):
        return any(start <= phys and phys + size <= end for start, end in self.taken)

    def page_array_pages(self):
        blocks = {block for start, end in self.taken
                  for block in range(start // BLOCK, (end + BLOCK - 1) // BLOCK)}
        words = (max(blocks) + 1) * BLOCK_STRUCTURES
        first = self.array // PAGE
        return ({first + block * BLOCK_STRUCTURES + i for block in blocks
                 for i in range(BLOCK_STRUCTURES)} |
                {first + words + block * BLOCK_WORDS + i for block in blocks
                 for i in range(BLOCK_WORDS)})

    def place(self, leaf, size):
        """Where the leaf belongs, and whether it is as it should be there; None: nowhere."""
        data = leaf.write and not leaf.execute
        if leaf.virt < 1 << 47:
            inside = [s for s in self.sections if s[0] <= leaf.virt < (s[1] + PAGE - 1) & -PAGE]
            return inside and ("image", leaf.virt == leaf.phys)
        if self.is_taken(leaf.virt - self.direct, size):
            return "direct map", leaf.phys == leaf.virt - self.direct and not leaf.execute
        if self.array_pages.issuperset(range(leaf.virt // PAGE, (leaf.virt + size) // PAGE)):
            return "page array", data and self.is_taken(leaf.phys, size)
        if any(start <= leaf.virt and leaf.virt + size <= end for start, end in self.areas):
            return "area", not leaf.execute
        return None

    def sort(self, leaves):
        """{place: bytes}; raises ValueError for a leaf that has none."""
        self.array_pages = self.page_array_pages()
        totals = {}
        for leaf, size in leaves:
            found = self.place(leaf, size)
            if not found or not found[1]:
                raise ValueError(f"{leaf} ({size:#x}) " + (f"in the {found[0]}" if found else
                                                           "belongs to nothing"))
            totals[found[0]] = totals.get(found[0], 0) + size
        return totals


def with_sizes(leaves, keys_of_1g):
    for leaf in leaves:
        yield leaf, PAGE if not leaf.large else 1 << 30 if leaf.key() in keys_of_1g else 1 << 21


def stop_at(context, machine, moment):
    """Follows the run to its stop; (leaves, results so far)."""
    why = machine.follow(240, done=lambda: machine.qmp.saw("GUEST_PANICKED"))
    results = ktap.parse(machine.debug.text())[-1]
    if results.lines_with("unknown option", "stop"):
        raise Skipped("this build knows no stop=" + moment)
    context.require(why == "done", "did not stop: " + str(machine.complaint(why)))
    return seen_by_qemu(machine), results


def require_sound(context, leaves, results):
    both = [str(leaf) for leaf in leaves if leaf.write and leaf.execute]
    context.require(not both, "writable and executable: " + "; ".join(both[:5]))
    context.require(all(leaf.virt >= PAGE for leaf in leaves), "page 0 is mapped")
    context.require(not any(leaf.user for leaf in leaves), "a page is open to user mode")
    seen, told = {leaf.key() for leaf in leaves}, dumped(results)
    context.require(seen == told, f"QEMU sees {len(seen - told)} leaves that the dump does not "
                    f"tell of, and {len(told - seen)} of the dump are not there")


def leaves_of_1g(results):
    return {(int(m[1], 16) + offset, int(m[3], 16) + offset, "w" in m[5], "x" in m[5],
             "u" in m[5], True)
            for m in filter(None, map(DUMP.match, results.lines)) if m[4] == "1G"
            for offset in range(0, int(m[2], 16) - int(m[1], 16), 1 << 30)}


def require_complete(context, leaves, results):
    expected = Expected(context, results)
    try:
        totals = expected.sort(with_sizes(leaves, leaves_of_1g(results)))
    except ValueError as wrong:
        context.require(False, str(wrong))
    frames = sum(end - start for start, end in expected.taken)
    context.require(totals.get("direct map") == frames,
                    f"{totals.get('direct map')} bytes of direct map for {frames} taken")
    context.require(totals.get("page array") == len(expected.array_pages) * PAGE,
                    "the page array has holes")
    mapped = sum(end - start for start, end in expected.areas)
    context.require(len(expected.areas) > 3 and totals.get("area") == mapped,
                    f"{totals.get('area')} bytes in {len(expected.areas)} areas of {mapped}")
    context.require(totals.get("image"), "no image")


def witness(context, options):
    with context.machine(kernel=context.application,
                         append="seed=3 stop=areas test=entry.* " + options, memory="1G",
                         extra=("-device", "pvpanic", "-action", "panic=pause")) as machine:
        leaves, results = stop_at(context, machine, "areas")
        require_sound(context, leaves, results)
        require_complete(context, leaves, results)
        machine.qmp.command("cont")
        status, _ = context.ending(machine)
    context.require(status == PASSED, "the run did not pass after the stop")


@check("witness.areas", "QEMU sees the image, our frames, page array, areas, and no other page")
def witness_areas(context):
    witness(context, "")


@check("witness.5_levels", "the same with 5 levels, where the trampoline is all there is more")
def witness_5_levels(context):
    witness(context, "paging=5")
