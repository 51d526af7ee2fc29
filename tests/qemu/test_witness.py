# SPDX-License-Identifier: BSD-2-Clause
"""The witness: what QEMU itself finds in the page tables, at exact stops with the gate closed.

The application stops by writing to the port of QEMU's pvpanic device (stop=MOMENT,...), after it
has printed vmallocinfo and its dump: before the first area, with areas of every kind, with some of
their pages protected, in a second address space, after they are freed, after they are purged, and
after the tests. Every translation that QEMU knows must be part of the image, of the direct map of
frames that were taken, of their page array, of an area that vmallocinfo lists, or of what the log
says of that moment, each with the permissions that this has; and none of those may be missing. What
was freed cannot be read by QEMU either, and with debug=pagealloc its frames cannot.
"""
import re

import ktap
from check import Skipped, check
from qemu import PASSED, PATIENCE
from test_image import SECTION_EXECUTE, SECTION_WRITE, Pe

TRANSLATION = re.compile(r"^([0-9a-f]{16}): ([0-9a-f]{16}) ([-XGPDACTUW]{9})", re.MULTILINE)
TRAMPOLINE = re.compile(r"^# trampoline: code 0x([0-9a-f]+), data 0x([0-9a-f]+)")
AREA = re.compile(r"^# 0x([0-9a-f]+)-0x([0-9a-f]+) +\d+ (?!unpurged)(.*)")
PROTECTED = re.compile(r"^# protected: 0x([0-9a-f]+)-0x([0-9a-f]+) ([-rwx]{3})$")
OWN = re.compile(r"^# own: 0x([0-9a-f]+)-0x([0-9a-f]+) 0x([0-9a-f]+)$")
MOMENTS = ("start", "areas", "set_memory", "space", "freed", "purged", "end")
STOP = re.compile(r"^# stop: (\S+)$")
DUMP = re.compile(r"^# dump: ([0-9a-f]+)-([0-9a-f]+) ([0-9a-f]+) (4K|2M|1G) ([-rwxu]+) (\S+)")
SIZES = {"4K": 1 << 12, "2M": 1 << 21, "1G": 1 << 30}
PAGE = 1 << 12
SOME_FRAMES = 512  # of the area that has a large leaf alone
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
    """All leaves, in the order of their addresses."""
    text = machine.qmp.monitor("info tlb").replace("\r", "")
    with open(machine.path("info-tlb.txt"), "w", encoding="utf-8") as file:
        file.write(text)
    return [Leaf(int(v, 16), int(p, 16), flags) for v, p, flags in TRANSLATION.findall(text)]


def said_for_last_stop(results):
    """The lines between the last stop but one and the last one: that one's dump."""
    stops = [0] + [i for i, line in enumerate(results.lines) if STOP.match(line)]
    return results.lines[stops[-2]:stops[-1]]


def dumped(results):
    """The keys of all leaves that the application's own dump tells of."""
    keys = set()
    for match in filter(None, map(DUMP.match, said_for_last_stop(results))):
        start, end, phys = (int(value, 16) for value in match.groups()[:3])
        size = SIZES[match[4]]
        for offset in range(0, end - start, size):
            keys.add((start + offset, phys + offset, "w" in match[5], "x" in match[5],
                      "u" in match[5], size > PAGE))
    return keys


def areas(results):
    """What is mapped of each area, all but the guard behind, which early ones do not count; and
    whether it is of a device."""
    return [(int(m[1], 16), int(m[2], 16) - (0 if "early" in m[3].split() else PAGE),
             "ioremap" in m[3].split())
            for m in map(AREA.match, said_for_last_stop(results)) if m]


def pages_protected(results):
    """{page's address: permissions} of what set_memory_*() has changed."""
    return {page: m[3] for m in map(PROTECTED.match, said_for_last_stop(results)) if m
            for page in range(int(m[1], 16), int(m[2], 16), PAGE)}


def pages_own(results):
    """{page's address: its frame} of what the second space alone maps."""
    return {page: int(m[3], 16) + page - int(m[1], 16)
            for m in map(OWN.match, said_for_last_stop(results)) if m
            for page in range(int(m[1], 16), int(m[2], 16), PAGE)}


def trampoline(results):
    """The pages that the image has beside its own while the numbers of levels differ."""
    return [(int(page, 16), int(page, 16) + PAGE, flags)
            for m in map(TRAMPOLINE.match, results.lines) if m
            for page, flags in zip(m.groups(), (SECTION_EXECUTE, SECTION_WRITE))]


class Expected:
    """What may be mapped, and what must: pages of 4 KiB, by the log and the linked file alone."""

    def __init__(self, context, results):
        self.taken = results.taken()
        self.areas = areas(results)
        self.protected = pages_protected(results)
        self.own = pages_own(results)
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

    def image_place(self, leaf):
        """.dynamic may be written by the linked file's word, and is read-only once relocated."""
        for start, end, flags in self.sections:
            if start <= leaf.virt < (end + PAGE - 1) & -PAGE:
                return "image", (leaf.virt == leaf.phys and
                                 leaf.execute == bool(flags & SECTION_EXECUTE) and
                                 (not leaf.write or bool(flags & SECTION_WRITE)))
        return None

    def area_place(self, leaf, size):
        for start, end, of_device in self.areas:
            if start <= leaf.virt and leaf.virt + size <= end:
                return "area", (self.is_as_said(leaf, size) and
                                self.is_taken(leaf.phys, size) != of_device)
        return None

    def is_as_said(self, leaf, size):
        """With the permissions that set_memory_*() gave; data that is not executable without."""
        said = self.protected.get(leaf.virt)
        if said:
            return size == PAGE and said == str(leaf)[-3:]
        return not leaf.execute and not any(leaf.virt <= page < leaf.virt + size
                                            for page in self.protected)

    def place(self, leaf, size):
        """Where the leaf belongs, and whether it is as it should be there; None: nowhere."""
        data = leaf.write and not leaf.execute
        if leaf.virt in self.own:
            return "own space", leaf.phys == self.own[leaf.virt] and data
        if leaf.virt < 1 << 56:
            return self.image_place(leaf)
        if self.is_taken(leaf.virt - self.direct, size):
            return "direct map", leaf.phys == leaf.virt - self.direct and data
        if self.array_pages.issuperset(range(leaf.virt // PAGE, (leaf.virt + size) // PAGE)):
            return "page array", data and self.is_taken(leaf.phys, size)
        return self.area_place(leaf, size)

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


def follow_to_stop(context, machine, moment):
    """Follows the run to its stop; (leaves, results so far)."""
    why = machine.follow(PATIENCE, done=lambda: machine.qmp.saw("GUEST_PANICKED"))
    machine.debug.read()
    results = ktap.parse(machine.debug.text())[-1]
    if results.lines_with("not possible here", "paging="):
        raise Skipped("this build cannot change the number of levels")
    context.require(why == "done", "did not stop: " + str(machine.complaint(why)))
    stops = [m[1] for m in map(STOP.match, results.lines) if m]
    context.require(stops and stops[-1] == moment, f"stopped at {stops}, and not at {moment}")
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
            for m in filter(None, map(DUMP.match, said_for_last_stop(results))) if m[4] == "1G"
            for offset in range(0, int(m[2], 16) - int(m[1], 16), 1 << 30)}


def require_complete(context, leaves, results):
    expected = Expected(context, results)
    try:
        totals = expected.sort(with_sizes(leaves, leaves_of_1g(results)))
    except ValueError as wrong:
        context.require(False, str(wrong))
    frames = sum(end - start for start, end in expected.taken)
    frames -= PAGE * sum(how == "---" for how in expected.protected.values())
    context.require(totals.get("direct map") == frames,
                    f"{totals.get('direct map')} bytes of direct map for {frames} taken")
    context.require(totals.get("page array") == len(expected.array_pages) * PAGE,
                    "the page array has holes")
    mapped = sum(end - start for start, end, _ in expected.areas)
    context.require(totals.get("area") == mapped,
                    f"{totals.get('area')} bytes in {len(expected.areas)} areas of {mapped}")
    context.require(totals.get("own space", 0) == PAGE * len(expected.own),
                    "the second space lacks what is its own")
    context.require(totals.get("image"), "no image")
    return expected


def readable(machine, address):
    """Whether QEMU can read there, by the guest's tables."""
    return "cannot access" not in machine.qmp.monitor(f"x /1xb {address:#x}").lower()


def require_readable(context, machine, areas_then, there, moment):
    """Areas can be read from their first byte to their last as long as they are there."""
    for start, end, _ in areas_then:
        for address in (start, end - 1):
            context.require(readable(machine, address) == there,
                            f"{moment}: {address:#x} can{'not' if there else ''} be read")
        context.require(not readable(machine, end), f"{moment}: the guard can be read")


def witness(context, options):
    """All moments of one run. After the purge everything is as before the first area."""
    seen, told = {}, {}
    with context.machine(kernel=context.application, memory="1G",
                         append=f"seed=3 stop={','.join(MOMENTS)} test=entry.* " + options,
                         extra=("-device", "pvpanic", "-action", "panic=pause")) as machine:
        for moment in MOMENTS:
            leaves, results = follow_to_stop(context, machine, moment)
            require_sound(context, leaves, results)
            told[moment] = require_complete(context, leaves, results)
            seen[moment] = {leaf.key() for leaf in leaves}
            made = [area for area in told.get("areas", told["start"]).areas
                    if area not in told["start"].areas]
            require_readable(context, machine, made,
                             moment in ("areas", "set_memory", "space"), moment)
            machine.qmp.command("cont")
        status, _ = context.ending(machine)
    require_all_kinds(context, seen["areas"], told)
    context.require(seen["freed"].isdisjoint(seen["areas"] - seen["start"]),
                    "what was freed is still mapped")
    for moment in ("purged", "end"):
        context.require(seen[moment] == seen["start"], f"{moment}: not mapped as at the start")
    context.require(status == PASSED, "the run did not pass after the stops")


def require_all_kinds(context, keys, told):
    """That the stops were worth it: small and large leaves, read-only, a device; every way to
    protect a page; a page of the second space."""
    there = told["areas"].areas
    inside = [key for key in keys if any(start <= key[0] < end for start, end, _ in there)]
    context.require(any(large for *_, large in inside), "no area has a large leaf")
    context.require(any(not write for _, _, write, *_ in inside), "no area is read-only")
    context.require(any(of_device for *_, of_device in there), "no area is of a device")
    context.require(set(told["set_memory"].protected.values()) == {"r--", "r-x", "---"},
                    "not every way to protect a page was taken")
    context.require(told["space"].own, "the second space has nothing of its own")


@check("witness.areas", "QEMU sees the image, our frames, page array, areas, and no other page")
def witness_areas(context):
    witness(context, "")


@check("witness.5_levels", "the same with 5 levels, where the trampoline is all there is more")
def witness_5_levels(context):
    witness(context, "paging=5")


def frames_of(leaves, places):
    """The frames that are mapped in these places, by their addresses."""
    return {leaf.phys + offset for leaf in leaves for start, end, of_device in places
            if start <= leaf.virt < end and not of_device
            for offset in range(0, (1 << 21) if leaf.large else PAGE, PAGE)}


def require_direct(context, machine, expected, leaves, frames, there):
    """All of the frames are in the direct map, or none: for `info tlb`, and for a read of each."""
    seen = {leaf.virt for leaf in leaves}
    for frame in sorted(frames):
        address = expected.direct + frame
        context.require((address in seen) == there == readable(machine, address),
                        f"frame {frame:#x} is {'not ' if there else ''}in the direct map")


@check("witness.freed_frames", "with debug=pagealloc QEMU reads frames in use, none that was freed")
def witness_freed_frames(context):
    """Frames of areas, and one that was taken by itself."""
    told, frames = {}, set()
    with context.machine(kernel=context.application, memory="256M",
                         append="seed=3 stop=start,areas,space,purged test=entry.* mem=32M "
                                "debug=pagealloc",
                         extra=("-device", "pvpanic", "-action", "panic=pause")) as machine:
        for moment in ("start", "areas", "space", "purged"):
            leaves, results = follow_to_stop(context, machine, moment)
            require_sound(context, leaves, results)
            told[moment] = Expected(context, results)
            told[moment].sort(with_sizes(leaves, set()))
            if moment == "areas":
                frames = frames_of(leaves, set(told[moment].areas) - set(told["start"].areas))
            frames |= set(told[moment].own.values())
            require_direct(context, machine, told[moment], leaves, frames, moment != "purged")
            machine.qmp.command("cont")
        status, _ = context.ending(machine)
    context.require(told["space"].own and len(frames) > SOME_FRAMES, f"{len(frames)} frames")
    context.require(status == PASSED, "the run did not pass after the stops")
