#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the benchmarks in a virtual machine that counts instructions, and tells how they went.

    tests/bench/bench.py run EFI FOLDER [WORDS...]     figures into FOLDER/bench.json, with pictures
    tests/bench/bench.py check EFI FOLDER BASELINE     fails where a row is more than 3 % worse
    tests/bench/bench.py keep FOLDER BASELINE          makes the last figures the ones to compare with
    tests/bench/bench.py table FOLDER                  the last figures as the tables of README.md

WORDS are options of the application: loops=, pages=, huge=on, test=bench.fix_size_*.
"""
import os
import sys

import figures
import pictures
import record
import tables

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))
import ktap  # noqa: E402  pylint: disable=wrong-import-position
from qemu import FAILED, PASSED, Machine  # noqa: E402  pylint: disable=wrong-import-position

SHIFT = 6
TOLERANCE = 1.03
SLACK = 1.0  # instructions: rows of a few dozen move by one with the place of the loop's end
COUNTING = ["-icount", f"shift={SHIFT},sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
CPU = "max,-erms,-fsrm"
# What is run in one boot: the words, and the memory it takes.
ROWS = ("test=bench mem=16G", "4G")
REST = [("test=latency mem=16G", "4G"), ("test=scale mem=16G", "6G"), ("test=fragmentation", "1G")]
TIMEOUT = 900


class Broken(Exception):
    """A run that did not come to a good end."""


def boot(efi, folder, words, memory, output=None):
    """One run with `words` as options; its log. Broken when it did not pass."""
    options = " ".join(["bench seed=1 exit=qemu", *words])
    with Machine(folder, kernel=efi, append=options, memory=memory, cpu=CPU, cpus=1,
                 extra=COUNTING) as machine:
        why = machine.follow(TIMEOUT, output=output)
        complaint, status = machine.complaint(why), machine.process.returncode
        log = machine.debug.text()
    if complaint:
        raise Broken(complaint)
    results = ktap.parse(log)[-1]
    if status not in (PASSED, FAILED):
        raise Broken(f"QEMU ended with status {status}: {machine.qemu_says()}")
    if status == FAILED or results.problem():
        failed = ", ".join(results.names("failed"))
        raise Broken(results.problem() or f"failed: {failed} (see {machine.debug.path})")
    return log


def show(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def run(efi, folder, *words):
    """All figures, or those that `words` select."""
    whole = not any(word.startswith("test=") for word in words)
    boots = [ROWS, *REST] if whole else [("mem=16G", ROWS[1])]
    log = "".join(boot(efi, os.path.join(folder, f"bench-{i}"), [*words, which], memory, show)
                  for i, (which, memory) in enumerate(boots))
    found = figures.figures_of(log)
    record.write(os.path.join(folder, "bench.json"), found)
    pictures.write(found, folder)
    print(summary(found["rows"]))
    return 0


def summary(rows):
    """What there is to say about the rows that Linux's figures are known of."""
    compared = [row for row in rows if "ratio" in row]
    if not compared:
        return "no row with a figure of Linux's beside it"
    gross = figures.geometric_mean(row["ratio"] for row in compared)
    net = figures.net_mean(compared)
    worst = max(compared, key=lambda row: row["net_ratio"])
    return (f"{len(compared)} rows beside Linux's: geometric mean 1/{1 / gross:.1f} gross, "
            f"1/{1 / net:.1f} net of clearing; nearest to Linux: {worst['name']}, "
            f"1/{1 / worst['net_ratio']:.1f} net")


def compare(rows, baseline):
    """(name, before, now) of the rows that became worse."""
    before = {row["name"]: row["instructions"] for row in baseline["rows"]}
    return [(row["name"], before[row["name"]], row["instructions"]) for row in rows
            if row["name"] in before and row["instructions"] is not None
            and row["instructions"] > before[row["name"]] * TOLERANCE + SLACK]


def check(efi, folder, path):
    """KTAP of one result: no row is worse than the baseline."""
    baseline = record.read(path)
    log = boot(efi, os.path.join(folder, "bench-check"), [ROWS[0]], ROWS[1])
    found = figures.figures_of(log)
    worse = compare(found["rows"], baseline)
    missing = {row["name"] for row in baseline["rows"]} - {row["name"] for row in found["rows"]}
    same = found["compiler"] == baseline["compiler"]
    print("KTAP version 1\n1..1")
    for name, before, now in worse:
        print(f"# {name}: {now:g} instructions, {before:g} before ({now / before - 1:+.1%})")
    for name in sorted(missing):
        print(f"# {name}: no figure")
    if not same:
        print(f"# compiled by {found['compiler']}, the baseline by {baseline['compiler']}: "
              "only reported")
    print(f"# {summary(found['rows'])}")
    failed = missing or (worse and same)
    print(f"{'not ok' if failed else 'ok'} 1 bench.no_row_is_worse")
    print("# 0 passed, 1 failed, 0 skipped: failed" if failed else
          "# 1 passed, 0 failed, 0 skipped: passed")
    return 1 if failed else 0


def keep(folder, path):
    """The rows of the last run become the baseline."""
    found = record.read(os.path.join(folder, "bench.json"))
    rows = [{"name": row["name"], "instructions": row["instructions"]} for row in found["rows"]]
    record.write(path, {"compiler": found["compiler"], "rows": rows})
    return 0


COMMANDS = {"run": run, "check": check, "keep": keep, "table": tables.show}


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return COMMANDS[arguments[0]](*arguments[1:])
    except Broken as problem:
        print("bench:", problem)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
