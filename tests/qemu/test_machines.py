# SPDX-License-Identifier: BSD-2-Clause
"""Machines of every kind: firmware, memory, CPU, number of CPUs, nodes, and what is booted from, so
that any two values of these meet, and of any three as many as 60 boots can have. All of it is
`make machines`, each run with all tests; in `make test` some of the machines, which meet every
value, with all but the long random test.
"""
import os
import re

import disk
import pairs
from check import check
from firmware import ENFORCING_SMM, OVMF_2M, OVMF_4M, U_BOOT_PC, network, u_boot_script
from qemu import FAILED, PASSED, PATIENCE
from run import network_folder

GIB, MIB = 1 << 30, 1 << 20
FIRMWARES = {"ovmf": OVMF_4M, "ovmf-2m": OVMF_2M, "secure": ENFORCING_SMM, "u-boot": U_BOOT_PC}
MEMORIES = {"48M": 48 * MIB, "128M": 128 * MIB, "1G": GIB, "3G": 3 * GIB, "6G": 6 * GIB,
            "20G": 20 * GIB}
CPUS = {"qemu64": "qemu64", "nehalem": "Nehalem", "max": "max", "no-nx": "max,-nx",
        "5-levels": "max", "no-1g": "max,-pdpe1gb"}
WITH_1G = ("max", "5-levels")
PARAMETERS = (tuple(FIRMWARES), tuple(MEMORIES), tuple(CPUS), (1, 4, 7, 16), (1, 2),
              ("ahci", "usb", "virtio", "network"))
NR_ROWS, NR_SMOKE = 60, 16
SMOKE = "test=!mm_random.* results=off"
# OVMF fills what it gets back, and vmlab takes so much of such firmware's memory by itself.
FILLED = 256 * MIB
# U-Boot has no memory above this to give.
U_BOOT_END = 3 * GIB
TIME = re.compile(r"# (\d+\.\d{3}) ms$", re.MULTILINE)
LOWEST_4, LOWEST_5 = 0xFFFF800000000000, 0xFF11000000000000


def allowed(row):
    """With 48 MiB some firmware does not come as far as starting the application: U-Boot has no
    place to load it to, the build with system management mode takes a page fault of its own, and
    with 16 CPUs nothing is left."""
    return row[1] != "48M" or (row[0] not in ("u-boot", "secure") and row[3] != 16)


def shows(row, values):
    """The run is refused for the first of these that there is; then it shows nothing of others."""
    for refused in ("no-nx", "48M"):
        if refused in row:
            return any(value == refused for _, value in values)
    return True


POSSIBLE = pairs.all_rows(PARAMETERS, allowed)
ROWS = pairs.with_more(pairs.choose(POSSIBLE, shows), POSSIBLE, NR_ROWS, shows)
SMOKE_ROWS = pairs.meeting_every_value(ROWS, NR_SMOKE, shows)


class Case:
    """One machine: how it starts, and what is expected of it."""

    def __init__(self, context, row, options):
        self.context = context
        firmware, memory, self.cpu, self.cpus, self.nodes, self.media = row
        self.u_boot, self.secure = firmware == "u-boot", firmware == "secure"
        self.bytes = MEMORIES[memory]
        self.five = self.cpu == "5-levels"
        # On such a machine U-Boot keeps the place where it loads scripts to for itself.
        self.is_alone = self.media == "network" and (self.secure or self.u_boot and
                                                     self.bytes < 256 * MIB)
        self.seed = ROWS.index(row) + 1
        self.options = f"seed={self.seed} {options}" + (" paging=5" if self.five else "")
        self.what = {"firmware": FIRMWARES[firmware], "memory": memory, "cpu": CPUS[self.cpu],
                     "cpus": self.cpus, "extra": self.node_arguments()}

    def node_arguments(self):
        """The upper half of memory is the second node's, and so are the upper half of the CPUs."""
        if self.nodes == 1:
            return []
        half, first = self.bytes // MIB // 2, (self.cpus + 1) // 2
        cpus = [f"cpus=0-{first - 1}", f"cpus={first}-{self.cpus - 1}" if self.cpus > 1 else ""]
        return [word for node in (0, 1) for word in (
            "-object", f"memory-backend-ram,id=m{node},size={half}M",
            "-numa", ",".join(filter(None, ["node", f"memdev=m{node}", cpus[node]])))]

    def image(self):
        stick = self.context.make("secure/vmlab.img") if self.secure else self.context.image
        return disk.copy_with_options(stick, self.context.path("disk.img"), self.options)

    def application(self):
        return (self.context.make("secure/vmlab.efi") if self.secure else
                self.context.application)

    def served(self):
        """By PXE. U-Boot starts a script, iPXE as well. Firmware that enforces starts nothing that
        is not signed, as iPXE is not: there the application comes alone, without options."""
        folder = network_folder(self.context.folder, self.application(), self.options)
        if self.u_boot:
            u_boot_script(os.path.join(folder, "boot.scr.uimg"), [
                f"setenv bootargs '{self.options}'", "dhcp ${kernel_addr_r} vmlab.efi",
                "bootefi ${kernel_addr_r} ${fdtcontroladdr}"])
            return network(folder, "vmlab.efi", card="e1000")
        if self.secure:
            return network(folder, "vmlab.efi", own_rom=True)
        return network(folder, "vmlab.ipxe")

    def machine(self):
        if self.bytes < 64 * MIB:  # the firmware itself has not enough left to load from a disk
            return self.context.machine(kernel=self.application(), append=self.options,
                                        **self.what)
        if self.media == "network":
            return self.context.machine(network=self.served(), **self.what)
        return self.context.machine(image=self.image(), disk=self.media, **self.what)

    def refusal(self):
        """The words of the one line that says why nothing is run; None: all is."""
        if self.cpu == "no-nx":
            return "not possible here", "no nx", "unsupported"
        if self.bytes < 64 * MIB:
            return "too little memory", "are needed", "out of resources"
        return None

    def require_refused(self, status, results):
        *why, then = self.refusal()
        self.require(status == FAILED and not results.tests, "the run was not refused")
        self.require(len(results.lines_with(*why)) == 1, "no line says " + " ".join(why))
        self.require(len(results.lines_with("nothing was run", then)) == 1, "not as " + then)

    def require(self, condition, text):
        self.context.require(condition, f"{text} (see {self.context.folder})")

    def require_firmware(self, results):
        says = results.lines_with("firmware: ")[0]
        self.require(("U-Boot" if self.u_boot else "EDK II") in says, says)
        self.require(("secure boot on" in says.lower()) == self.secure, says)
        if not self.is_alone:
            self.require(results.lines_with(f"seed {self.seed:#018x} (from seed=)"),
                         "its options were not read")
            start = results.value("VMALLOC_START")
            self.require(LOWEST_5 <= start < LOWEST_4 if self.five else start >= LOWEST_4,
                         "VMALLOC_START is not where so many levels have it")
        junk = results.lines_with("load options: unknown option", "init")
        self.require(bool(junk) == (self.u_boot and (self.media != "network" or self.is_alone)),
                     "the load options are not what this firmware gives")

    def require_cpu(self, results):
        words = results.lines_with("features: ")[0].split()
        self.require("nx" in words and ("1g" in words) == (self.cpu in WITH_1G), " ".join(words))

    def require_memory(self, results):
        """What is taken: all that is there but for the firmware's own; or as much as is sensible
        where the firmware fills it, of all ranges."""
        there = min(self.bytes, U_BOOT_END if self.u_boot else FILLED)
        had = sum(end - start for start, end in results.taken())
        self.require(there * 3 // 10 <= had <= there, f"{had // MIB} MiB of {there // MIB} taken")
        above = any(start >= 4 * GIB for start, _ in results.taken())
        self.require(above == (self.bytes >= 3 * GIB and not self.u_boot),
                     "frames above 4 GiB" + ("" if above else " are missing"))

    def require_nodes(self, results):
        """All that the table has, and frames of each: U-Boot gives none above 4 GiB, so perhaps of
        the first alone."""
        self.require(results.lines_with(f"nodes: {self.nodes}"), f"{self.nodes} nodes were not seen")
        for node in range(self.nodes if self.nodes > 1 else 0):
            lines = results.lines_with(f"node {node}:", "frames taken")
            given = node == 0 or not (self.u_boot and self.bytes > U_BOOT_END)
            self.require(len(lines) == 1 and (not given or " 0 frames" not in lines[0]),
                         f"node {node} has no frames")

    def require_clock(self, results, seconds):
        """The tests' times, by a clock that the firmware cannot know, are within the run's."""
        inside = sum(float(ms) for ms in TIME.findall("\n".join(results.lines))) / 1000
        self.require(0 < inside < seconds, f"tests took {inside:.1f} s of a run of {seconds:.1f} s")

    def run(self, seconds):
        refused = bool(self.refusal())
        with self.machine() as machine:
            status, results = self.context.ending(machine, seconds, counted=not refused)
            inside = machine.seconds_in_application()
        if refused:
            self.require_refused(status, results)
            return
        failed = results.names("failed")
        self.require(status == PASSED, "failed: " + ", ".join(failed[:8]))
        for look in (self.require_firmware, self.require_cpu, self.require_memory,
                     self.require_nodes):
            look(results)
        self.require_clock(results, inside)


def boots(row, options, seconds):
    def run(context):
        if row[0] == "u-boot":
            context.need(U_BOOT_PC.code, "u-boot-qemu")
        if row[0] == "secure":
            context.need("sbsign", "sbsigntool")
        Case(context, row, options).run(seconds)
    return run


def register(rows, group, options, seconds, only_asked):
    for row in rows:
        name = f"{group}.{ROWS.index(row) + 1:02}_" + "_".join(map(str, row[:3]))
        check(name, "{}, {}, {}, {} CPUs, {} nodes, from {}".format(*row),
              only_asked)(boots(row, options, seconds))


register(SMOKE_ROWS, "machine", SMOKE, PATIENCE, False)
register(ROWS, "machines", "", 2 * PATIENCE, True)
