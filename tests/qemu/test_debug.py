# SPDX-License-Identifier: BSD-2-Clause
"""gdb: `make debug` stops at the entry with the right symbols, and the commands of vmlab_gdb.py see
what the application says of itself at an exact stop."""
import os
import re
import subprocess
import sys

import ktap
from check import ROOT, check
from debug import GDB, SCRIPT
from qemu import PATIENCE

STOPPED = re.compile(r"^# stop: areas$", re.MULTILINE)
AREA = re.compile(r"^# (0x[0-9a-f]{16}-0x[0-9a-f]{16} .*)")
DUMP = re.compile(r"^# dump: ([0-9a-f]+)-([0-9a-f]+) ([0-9a-f]+) (4K|2M|1G) ([-rwxu]+) ")
LEAF = re.compile(r"leaf (4K|2M|1G) ([-rwxu]+), physical (0x[0-9a-f]+)$")
# What gdb cannot know as the log does: how long the caller is, nodes, early areas.
ONLY_IN_LOG = re.compile(r"/0x[0-9a-f]+| early| N\d+=\d+")
FREE = re.compile(r"^(\d+) frames free: (\d+) in lists, (\d+) with CPUs$")


def at_areas(context):
    """A machine that stands still with areas of every kind, and a server for gdb."""
    return context.machine(
        kernel=context.application, memory="512M", append="seed=5 test=entry.* stop=areas",
        extra=("-device", "pvpanic", "-action", "panic=pause",
               "-gdb", f"unix:{context.path('gdb.sock')},server=on,wait=off"))


def gdb(context, base, *commands):
    """What gdb prints for each command: a list of lists of lines."""
    steps = ["set pagination off", "set architecture i386:x86-64",
             "target remote " + context.path("gdb.sock"),
             f"add-symbol-file {context.linked} -o {base:#x}", "source " + SCRIPT]
    for command in commands:
        steps += ["echo \\n===\\n", command]
    done = subprocess.run([GDB, "-q", "-nx", "-batch", *(w for s in steps for w in ("-ex", s))],
                          check=False, timeout=PATIENCE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    said = done.stdout.decode("utf-8", "replace").split("\n===\n")
    context.require(len(said) == len(commands) + 1, said[-1])
    return [[line for line in text.splitlines() if line] for text in said[1:]]


def probes(lines):
    """For each range of the dump its first byte, one inside, and the last: {address: what}."""
    found = {}
    for match in filter(None, map(DUMP.match, lines)):
        start, end, phys = (int(value, 16) for value in match.groups()[:3])
        for address in (start, start + (end - start) // 2 + 5, end - 1):
            found[address] = (match[4], match[5], phys + address - start)
    return found


@check("debug.commands", "gdb's vmlab-areas, vmlab-walk and vmlab-free see what the log says")
def debug_commands(context):
    context.need(GDB, "gdb")
    with at_areas(context) as machine:
        why = machine.follow(PATIENCE, done=lambda: machine.qmp.saw("GUEST_PANICKED"))
        context.require(why == "done", "did not stop: " + str(machine.complaint(why)))
        machine.debug.read()
        results = ktap.parse(machine.debug.text())[-1]
        expected = probes(results.lines)
        holes = [int(line.split("-0x")[1].split()[0], 16) - 1 for line in results.lines
                 if AREA.match(line) and "early" not in line]
        areas, free, *walks = gdb(
            context, results.value("image base"), "vmlab-areas", "vmlab-free",
            *(f"vmlab-walk {address:#x}" for address in [*expected, *holes]))
    require_areas(context, areas, results.lines)
    require_free(context, free, results)
    context.require(len(expected) > 30 and len(holes) > 3, "the dump told of too little")
    for (address, what), said in zip(expected.items(), walks):
        leaf = next(filter(None, map(LEAF.search, said)), None)
        context.require(leaf and (leaf[1], leaf[2], int(leaf[3], 16)) == what,
                        f"{address:#x} should be {what}: {said}")
    for address, said in zip(holes, walks[len(expected):]):
        context.require("not present" in said[4], f"{address:#x}, a guard: {said}")


def require_areas(context, areas, lines):
    """At this stop nothing was freed yet but what tests of an earlier moment left."""
    told = [ONLY_IN_LOG.sub("", m[1]) for m in map(AREA.match, lines) if m]
    told = [line.replace("  ", " ") for line in told]
    seen = [line.replace("  ", " ") for line in areas]
    context.require(len(told) > 4 and seen == told,
                    "vmallocinfo:\n" + "\n".join(told) + "\ngdb:\n" + "\n".join(seen))


def require_free(context, free, results):
    taken = sum(int(m[2], 16) - int(m[1], 16) for m in
                (re.match(r"# taken 0x([0-9a-f]+)-0x([0-9a-f]+)", line) for line in results.lines)
                if m) // 4096
    total = FREE.match(free[-1])
    context.require(total, "\n".join(free))
    context.require(not [line for line in free if "counts" in line], "\n".join(free))
    managed = sum(int(m[1]) for m in (re.search(r"of (\d+) frames free", line) for line in free)
                  if m)
    context.require(managed == taken, f"{managed} frames in zones, {taken} taken")
    context.require(taken * 0.9 < int(total[1]) < taken, f"{total[1]} frames of {taken} are free")


@check("debug.entry", "make debug stops at the entry, with the symbols in the right place")
def debug_entry(context):
    context.need(GDB, "gdb")
    environment = dict(os.environ, OPTIONS="test=entry.*", MEM="512M",
                       COMMANDS="bt; hbreak runner_run; continue; vmlab-areas")
    done = subprocess.run(
        [sys.executable, os.path.join(ROOT, "tests", "qemu", "debug.py"), context.image,
         context.folder, context.linked], check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=environment, timeout=PATIENCE)
    said = done.stdout.decode("utf-8", "replace")
    for words in ("Temporary breakpoint 1, efi_main (", "#1 ", "_start () at",
                  "Breakpoint 2, runner_run (", "map_stack"):
        context.require(words in said, f"'{words}' is missing in:\n{said}")
    context.require(done.returncode == 0, said)
