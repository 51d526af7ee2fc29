# SPDX-License-Identifier: BSD-2-Clause
"""Commands for gdb that know vmlab's structures; `make debug` loads them.

    vmlab-areas        every area, as vmallocinfo says it
    vmlab-walk ADDR    the page-table walk of an address, from CR3 down
    vmlab-free         the free frames, by zone and order, and what the CPUs hold
    vmlab-start        what make debug begins with

Tables are read by their physical addresses, so vmlab-walk works in the firmware's world too. What
the other two read is mapped in vmlab's own: with the gate open they say so and read nothing.
"""
import re

import gdb

PAGE_SIZE = 4096
NO_FRAME = 0xFFFFFFFF
AREA_BUSY, AREA_PINNED, AREA_LAZY = "AREA_BUSY", "AREA_PINNED", "AREA_LAZY"
LEVELS = {1: "pte", 2: "pmd", 3: "pud", 4: "p4d", 5: "pgd"}
SIZES = {1: "4K", 2: "2M", 3: "1G"}
PRESENT, WRITE, USER, LARGE, NX = 1 << 0, 1 << 1, 1 << 2, 1 << 7, 1 << 63
ADDRESS = 0x000FFFFFFFFFF000
LA57 = 1 << 12


class Physical:
    """While it lasts gdb reads physical memory (QEMU's own extension of gdb's protocol)."""

    def __enter__(self):
        gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
        return self

    def __exit__(self, *_):
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)

    @staticmethod
    def entry(address):
        return int.from_bytes(gdb.selected_inferior().read_memory(address, 8), "little")


def register(name):
    return int(gdb.parse_and_eval("(unsigned long)$" + name))


def enumerator(name):
    return int(gdb.parse_and_eval("(int)" + name))


def require_inside():
    root = int(gdb.parse_and_eval("kernel_space.root"))
    if root == 0 or register("cr3") & ADDRESS != root:
        raise gdb.GdbError("the gate is open: vmlab's tables are not in CR3; "
                           "try a breakpoint in a test, or stop=areas")


def symbol(address):
    """name+0x12; the address where there is no name."""
    said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    found = re.match(r"(\S+)(?: \+ (\d+))? in section", said)
    return f"{found[1]}+{int(found[2] or 0):#x}" if found else f"{address:#x}"


def kind(flags):
    """What vm_kind() says, from its own table."""
    kinds = gdb.parse_and_eval("vm_kind::kinds")
    for i in range(kinds.type.range()[1] + 1):
        if flags & int(kinds[i]["flag"]):
            return kinds[i]["name"].string()
    return "reserved"


def in_order(node):
    """The nodes of an area tree, by address."""
    way = []
    while way or node:
        while node:
            way.append(node)
            node = node["left"]
        node = way.pop()
        yield node
        node = node["right"]


def area_line(vm):
    start, size = int(vm["addr"]), int(vm["size"])
    words = [f"0x{start:016x}-0x{start + size:016x}", f"{size:7d}", symbol(int(vm["caller"]))]
    if vm["nr_pages"]:
        words.append(f"pages={int(vm['nr_pages'])}")
    if vm["phys_addr"]:
        words.append(f"phys={int(vm['phys_addr']):#x}")
    words.append(kind(int(vm["flags"])))
    if vm["page_order"]:
        words.append("huge=" + ("1G" if vm["page_order"] > 9 else "2M"))
    return " ".join(words)


class Start(gdb.Command):
    """vmlab-start SERVER SYMBOLS BASE LOG: attaches, and runs to the entry of the application."""

    def __init__(self):
        super().__init__("vmlab-start", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        server, symbols, base, log = gdb.string_to_argv(argument)
        gdb.execute("target remote " + server, to_string=True)
        self.load(symbols, base)
        gdb.execute("thbreak efi_main")
        gdb.execute("continue")
        if gdb.selected_frame().name() == "efi_main":
            return
        with open(log, encoding="utf-8", errors="replace") as file:
            now = [line.split()[-1] for line in file if line.startswith("# image base 0x")]
        if not now:
            raise gdb.GdbError("stopped before the application started")
        self.load(symbols, now[-1])
        print(f"The image lies at {now[-1]} this time: stopped behind its entry.")

    @staticmethod
    def load(symbols, base):
        gdb.execute("symbol-file")
        gdb.execute(f"add-symbol-file {symbols} -o {base}", to_string=True)


class Areas(gdb.Command):
    """Every area of the vmalloc region, and every range that was freed and waits for a flush."""

    def __init__(self):
        super().__init__("vmlab-areas", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        require_inside()
        live = {enumerator(AREA_BUSY), enumerator(AREA_PINNED)}
        lazy = []
        for node in in_order(gdb.parse_and_eval("areas.taken.root")):
            state = int(node["state"])
            if state in live:
                print(area_line(node["vm"].dereference()))
            elif state == enumerator(AREA_LAZY):
                lazy.append((int(node["va_start"]), int(node["va_end"])))
        for start, end in lazy:
            print(f"0x{start:016x}-0x{end:016x} {end - start:7d} unpurged vm_area")


def permissions(entry):
    return ("r" + ("w" if entry & WRITE else "-") + ("-" if entry & NX else "x") +
            ("u" if entry & USER else ""))


class Walk(gdb.Command):
    """The page-table walk of an address: vmlab-walk ADDR (any expression)."""

    def __init__(self):
        super().__init__("vmlab-walk", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("vmlab-walk ADDR: which address?")
        try:
            address = int(gdb.parse_and_eval(f"(unsigned long)({argument})"))
        except gdb.error as wrong:
            raise gdb.GdbError(f"vmlab-walk: {wrong}")
        level = 5 if register("cr4") & LA57 else 4
        table = register("cr3") & ADDRESS
        print(f"{address:#018x}: CR3 {table:#x}, {level} levels")
        with Physical() as memory:
            self.descend(memory, address, table, level)

    @staticmethod
    def descend(memory, address, table, level):
        while True:
            index = address >> (12 + 9 * (level - 1)) & 511
            entry = memory.entry(table + 8 * index)
            where = f"{LEVELS[level]}[{index}] at {table + 8 * index:#x}: {entry:#018x}"
            if not entry & PRESENT:
                print(where + (" not present" if not entry else
                               " not present, a note: the area's descriptor is at physical "
                               f"{~entry & ((1 << 64) - 1) & ~127:#x}"))
                return
            if level == 1 or (level <= 3 and entry & LARGE):
                size = PAGE_SIZE << 9 * (level - 1)
                phys = entry & ADDRESS & -size | address & size - 1
                print(f"{where} leaf {SIZES[level]} {permissions(entry)}, physical {phys:#x}")
                return
            print(where + " table")
            table = entry & ADDRESS
            level -= 1


def listed(pages, first):
    """How many blocks a list of the page allocator has."""
    count = 0
    while first != NO_FRAME:
        count += 1
        first = int(pages[first]["next"])
    return count


class Free(gdb.Command):
    """Free frames: by zone and order, as the lists have them, and what each CPU holds."""

    def __init__(self):
        super().__init__("vmlab-free", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        require_inside()
        pages = gdb.parse_and_eval("(struct page *)layout.vmemmap_start")
        zones, names = gdb.parse_and_eval("zones"), gdb.parse_and_eval("zone_names")
        total = 0
        for i in range(zones.type.range()[1] + 1):
            if zones[i]["managed"]:
                total += self.zone(pages, zones[i], names[int(zones[i]["type"])].string())
        held = self.held()
        print(f"{total + held} frames free: {total} in lists, {held} with CPUs")

    @staticmethod
    def zone(pages, zone, name):
        blocks = []
        for order in range(zone["free_area"].type.range()[1] + 1):
            area = zone["free_area"][order]
            blocks.append(listed(pages, int(area["first"])))
            if blocks[-1] != int(area["nr_free"]):
                print(f"{name}: order {order} has {blocks[-1]} blocks in its list, and counts "
                      f"{int(area['nr_free'])}")
        frames = sum(count << order for order, count in enumerate(blocks))
        if frames != int(zone["free"]):
            print(f"{name}: {frames} frames in its lists, and counts {int(zone['free'])}")
        print(f"{name}/{int(zone['node'])}: {frames} of {int(zone['managed'])} frames free; "
              "blocks by order: " + " ".join(map(str, blocks)))
        return frames

    @staticmethod
    def held():
        total, pcps = 0, gdb.parse_and_eval("pcps")
        for cpu in range(pcps.type.range()[1] + 1):
            if not pcps[cpu]:
                continue
            stacks = pcps[cpu]["stacks"]
            frames = sum(int(stacks[i]["frames"]) for i in range(stacks.type.range()[1] + 1)
                         if stacks[i])
            print(f"CPU {cpu}: {frames} frames held")
            total += frames
        return total


Start()
Areas()
Walk()
Free()
