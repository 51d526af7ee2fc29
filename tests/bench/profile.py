#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where the instructions of one benchmark go, by function: QEMU names every instruction executed.

    tests/bench/profile.py EFI SYMBOLS FOLDER ROW [SECONDS] [PER]

SYMBOLS is the linked file with symbols (build/vmlab.so). The row's load runs for as long as it is
watched, from a moment after it has begun; each function's instructions are divided by the calls of
PER (vfree), a function that the load calls once a loop.
"""
import collections
import os
import re
import subprocess
import sys
import time

import bench

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))
from qemu import Machine  # noqa: E402  pylint: disable=wrong-import-position

EXECUTED = re.compile(rb"\[[0-9a-f]+/([0-9a-f]+)/")
BASE = re.compile(r"^# image base (0x[0-9a-f]+)", re.MULTILINE)
BEGUN = re.compile(rb"^# \d+ of \d+ tests", re.MULTILINE)
MEMORY = "256M"
SET_UP = 1.5  # seconds from the plan to the middle of the load


def functions(symbols):
    """(address, name) of every function, sorted."""
    listing = subprocess.run([os.environ.get("NM", "nm"), "-n", symbols], check=True,
                             capture_output=True, text=True).stdout
    found = [line.split() for line in listing.splitlines()]
    return [(int(words[0], 16), words[2]) for words in found
            if len(words) == 3 and words[1] in "tT"]


def watch(machine, log, seconds):
    """Every instruction for so long, one a line, into the file `log`."""
    machine.qmp.command("stop")
    for line in ("singlestep on", f"logfile {log}", "log exec,nochain"):
        machine.qmp.monitor(line)
    machine.qmp.command("cont")
    time.sleep(seconds)
    machine.qmp.command("stop")
    machine.qmp.monitor("log none")


def executed(efi, folder, row, seconds):
    """How often each instruction was executed: offset in the image -> times."""
    log = os.path.join(folder, "executed.log")
    if os.path.exists(log):  # QEMU appends: another row's instructions would be counted with ours
        os.remove(log)
    options = f"bench seed=1 exit=qemu test=bench.{row} loops=4000000000"
    with Machine(folder, kernel=efi, append=options, memory=MEMORY, cpu=bench.CPU, cpus=1,
                 extra=bench.COUNTING) as machine:
        why = machine.follow(bench.TIMEOUT, lambda: BEGUN.search(machine.debug.data))
        if why != "done":
            raise bench.Broken(machine.complaint(why) or "it ended early")
        time.sleep(SET_UP)
        base = int(BASE.search(machine.debug.text())[1], 16)
        watch(machine, log, seconds)
    with open(log, "rb") as file:
        matches = filter(None, map(EXECUTED.search, file))
        return collections.Counter(int(match[1], 16) - base for match in matches)


def by_function(counts, names):
    sums, at = collections.Counter(), 0
    for offset in sorted(counts):
        while at + 1 < len(names) and names[at + 1][0] <= offset:
            at += 1
        sums[names[at][1]] += counts[offset]
    return sums


def main(efi, symbols, folder, row, seconds="0.5", per="vfree"):
    os.makedirs(folder, exist_ok=True)
    names = functions(symbols)
    counts = executed(efi, folder, row, float(seconds))
    calls = counts[next(address for address, name in names if name == per)]
    if not calls:
        raise bench.Broken(f"{per} was not called while {row} was watched")
    sums = by_function(counts, names)
    print(f"{row}: {sum(sums.values())} instructions in {calls} calls of {per}, by function:")
    for name, count in sums.most_common(40):
        print(f"{count / calls:10.2f}  {name}")
    print(f"{sum(sums.values()) / calls:10.2f}  altogether")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 5:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(*sys.argv[1:]))
    except bench.Broken as problem:
        print("profile:", problem)
        sys.exit(1)
