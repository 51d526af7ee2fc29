# SPDX-License-Identifier: BSD-2-Clause
"""The whole application, with all tests: on a small machine, a large one, and without a disk. More
machines, with fewer tests, are in test_machines.py."""
from check import check

# memory, CPU, number of CPUs, where the disk hangs
MACHINES = [
    ("128M", "max", 4, "usb"),
    ("6G", "qemu64", 1, "nvme"),
]


def boots(memory, cpu, cpus, disk):
    def run(context):
        with context.machine(image=context.image, disk=disk, memory=memory, cpu=cpu,
                             cpus=cpus) as machine:
            context.run(machine)
    return run


for values in MACHINES:
    check("boot.{}_{}_{}cpu_{}".format(*values),
          "{} of memory, -cpu {}, {} CPUs, the disk on {}: all tests pass".format(*values))(
              boots(*values))


@check("boot.no_disk", "started without a file system, by -kernel with load options")
def boot_no_disk(context):
    with context.machine(kernel=context.application, append="seed=7 kaslr=off",
                         memory="256M") as machine:
        results = context.run(machine)
    context.require(results.value("VMALLOC_START") == 0xFFFFC90000000000,
                    "kaslr=off in the load options did not give Linux's VMALLOC_START")
