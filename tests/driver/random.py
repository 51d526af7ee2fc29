#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the random driver on the host; a round that fails is shrunk to a short list of calls.

    tests/driver/random.py PROGRAM [steps=N] [seed=N] [test=cpus] [further options of the program]

What the program prints is passed on (KTAP). When it fails, in whatever way (an expectation, a
crash, a report of a sanitizer, a hang), the round that failed is run again and again with steps left
out, as long as it still fails; then the calls that are left are printed, and how to run them. Steps
draw all that they need from seed, round and step, so a subset of them is a run of its own.
"""
import re
import subprocess
import sys
import time

import contract

ROUND_STEPS = 4096
TIMEOUT = 60
TEST = "mixed"


def encode(kept):
    """Six steps a character, from '0' on (run.c reads it)."""
    bits = [0] * (max(kept, default=0) // 6 + 1)
    for step in kept:
        bits[step // 6] |= 1 << step % 6
    return "".join(chr(ord("0") + value) for value in bits)


class Round:
    """One round of a run, of which any subset of the steps can be had."""

    def __init__(self, program, options, number):
        self.command = [program, f"test=mm_random.{TEST}", *options, f"{TEST}.round={number}"]
        self.runs = 0

    def options(self, kept, more=()):
        steps = max(kept, default=0) + 1
        return self.command + [f"{TEST}.steps={steps}", f"{TEST}.keep={encode(kept)}", *more]

    def run(self, kept, more=()):
        self.runs += 1
        try:
            done = subprocess.run(self.options(kept, more), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired as expired:
            return True, (expired.stdout or b"").decode(errors="replace") + "# hangs\n"
        return done.returncode != 0, done.stdout.decode(errors="replace")

    def fails(self, kept):
        return self.run(kept)[0]


def shrink(current, kept, until):
    """Delta debugging: drops ever smaller pieces, as long as what is left fails."""
    piece = len(kept) // 2
    while piece and time.monotonic() < until:
        at, dropped = 0, False
        while at < len(kept) and time.monotonic() < until:
            rest = kept[:at] + kept[at + piece:]
            if current.fails(rest):
                kept, dropped = rest, True
            else:
                at += piece
        if not dropped or piece > len(kept):
            piece = min(piece // 2, len(kept))
    return kept


def where(text):
    """(round, step) of the failure; the last round that was begun when nothing else is said."""
    said = re.findall(r"# round (\d+) fails at step (\d+)", text)
    if said:
        return int(said[0][0]), int(said[0][1])
    begun = re.findall(r"# round (\d+) begins", text)
    return (int(begun[-1]) if begun else 0), ROUND_STEPS - 1


def fell_short(text):
    """Every round passed, but some function did not reach an outcome often enough."""
    return "report mm_random" in text


def explain(program, options, text, seconds):
    number, step = where(text)
    current = Round(program, options, number)
    kept = list(range(min(step, ROUND_STEPS - 1) + 1))
    failed, _ = current.run(kept)
    if not failed:
        print(f"# round {number} does not fail alone")
        return
    kept = shrink(current, kept, time.monotonic() + seconds)
    _, said = current.run(kept, [f"{TEST}.print=1"])
    print(f"# round {number}, shrunk to {len(kept)} calls in {current.runs} runs:")
    for line in said.splitlines():
        if re.match(r"#  +\d+  |#        |# .*(expected|fails at|here:|hangs|ASSERT)|.*ERROR|    #\d ",
                    line):
            print("# " + line.lstrip("# ") if not line.startswith("#") else line)
    print("# to repeat: " + " ".join(f"'{word}'" for word in current.options(kept)))


def check_contract(text):
    """Whether every call that a header declares is made, or excused."""
    names = re.findall(r"^# call (.+?): ", text, re.M)
    wrong = contract.problems(names) if names else []
    for line in wrong:
        print(f"# contract: {line}")
    return not wrong


def main():
    words = dict(word.split("=", 1) for word in sys.argv[2:] if "=" in word)
    steps = words.pop("steps", "1000000")
    test = words.pop("test", TEST)
    words.setdefault("seed", str(int(time.time())))
    seconds = float(words.pop("shrink", 240))
    options = [f"{name}={value}" for name, value in words.items()]
    command = [sys.argv[1], f"test=mm_random.{test}", *options, f"{test}.steps={steps}"]
    if test == TEST:
        command.append(f"{TEST}.rounds=1")
    text = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            text.append(line.decode(errors="replace"))
            if not re.match(r"# round \d+ begins", text[-1]):
                sys.stdout.write(text[-1])
                sys.stdout.flush()
    text = "".join(text)
    if process.returncode and test == TEST and not fell_short(text):
        explain(sys.argv[1], options, text, seconds)
    return process.returncode or not check_contract(text)


if __name__ == "__main__":
    sys.exit(main())
