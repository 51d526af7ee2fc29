#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Feeds rows of calls to mm/, chosen by libFuzzer; shrinks what fails; minimizes what was learned.

    tests/fuzz/calls.py PROGRAM CORPUS FOLDER SECONDS [OPTIONS OF THE PROGRAM]

CORPUS is a file of rows as tests/driver/ keeps them: steps with the names of their functions.
libFuzzer works on bytes, where functions have numbers, in FOLDER. In the end FOLDER/calls.steps is
what is to take the place of CORPUS.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "driver"))
import steps  # noqa: E402, pylint: disable=wrong-import-position

MAX_LEN = 64 * steps.STEP_BYTES
HEAD = """# What libFuzzer has found: for each row of calls there is something in mm/ or pagetables/ that
# it alone reaches. Made by make fuzz-calls; the form is that of tests/driver/kept.c.
"""


def function_numbers(player):
    """{name: number}, from what the program counts at its end."""
    _, text = player.run([[("00" * steps.STEP_BYTES, "")]])
    names = re.findall(r"^# call (.+?): ", text, re.M)
    if not names:
        sys.exit(text)
    return {name: number for number, name in enumerate(names)}


def unpack(player, corpus, folder):
    """The rows as libFuzzer reads them, a file each. A function that is no more is left out."""
    numbers = function_numbers(player)
    for at, row in enumerate(steps.read(corpus) if os.path.exists(corpus) else []):
        data = b"".join(numbers[name].to_bytes(2, "big") + bytes.fromhex(draws)
                        for draws, name in row if name in numbers)
        with open(os.path.join(folder, f"{at:05}"), "wb") as file:
            file.write(data)


def pack(player, folder, corpus):
    """The other way round, by the names that the program prints. How many rows, and steps."""
    rows = []
    for path in sorted(glob.glob(os.path.join(folder, "*")), key=os.path.getsize):
        with open(path, "rb") as file:
            rows.append(steps.from_bytes(file.read()))
    rows = [row for row in rows if row]
    failed, text = player.run(rows, ["steps.print=1"])
    if failed:
        sys.exit(text)
    named = [steps.records(part) for part in re.split(r"^# row \d+ begins$", text, flags=re.M)[1:]]
    with open(corpus, "w", encoding="utf-8") as file:
        file.write(HEAD + "\n".join(steps.to_lines(row) for row in named))
    return len(named), sum(len(row) for row in named)


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def fuzz(arguments):
    return subprocess.run([os.path.join(HERE, "calls.sh"), *arguments], check=False).returncode


def main():
    program, corpus, folder, seconds, *options = sys.argv[1:]
    os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=8"  # libFuzzer alone uses malloc()
    os.environ["VMLAB_FUZZ"] = " ".join([program, *options])
    player = steps.Player(program, options)
    kept, found, least = (fresh(os.path.join(folder, name)) for name in ("kept", "new", "min"))
    unpack(player, corpus, kept)
    prefix = os.path.join(folder, "failed-")
    for old in glob.glob(prefix + "*"):
        os.remove(old)
    status = fuzz([f"-max_total_time={seconds}", f"-max_len={MAX_LEN}", "-len_control=10",
                   "-timeout=60", "-print_final_stats=1", f"-artifact_prefix={prefix}",
                   found, kept])
    for path in glob.glob(prefix + "*"):
        with open(path, "rb") as file:
            steps.explain(player, steps.from_bytes(file.read()), "libFuzzer",
                          os.path.join(folder, "cases"), 240)
    if status or fuzz(["-merge=1", "-use_counters=0", f"-max_len={MAX_LEN}", least, kept, found]):
        return 1
    result = os.path.join(folder, "calls.steps")
    print("# minimized: {} rows, {} steps: ".format(*pack(player, least, result))
          + f"{result}, to take the place of {corpus}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
