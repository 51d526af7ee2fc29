#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the random driver on the host; a round that fails is shrunk to a short list of calls.

    tests/driver/random.py PROGRAM [steps=N] [seed=N] [test=cpus] [further options of the program]
    tests/driver/random.py PROGRAM input=FILE [further options]

What the program prints is passed on (KTAP). When it fails, in whatever way (an expectation, a
crash, a report of a sanitizer, a hang), the round that failed is run again and again with steps left
out, as long as it still fails; then the calls that are left are printed, and written as a test case
into the folder cases/ beside the program. input=: the same for what libFuzzer has found.
"""
import os
import re
import subprocess
import sys
import time

import contract
import steps

ROUND_STEPS = 4096
TEST = "mixed"


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


def cases_beside(program):
    return os.path.join(os.path.dirname(program), "cases")


def is_machine_word(word):
    """Whether it is an option of the run, not of one of its tests."""
    return "." not in word.split("=", 1)[0]


def explain_input(program, options, path, seconds):
    with open(path, "rb") as file:
        row = steps.from_bytes(file.read())
    steps.explain(steps.Player(program, options), row, "libFuzzer", cases_beside(program), seconds)


def explain_round(program, options, text, seconds):
    number, step = where(text)
    failed, said = steps.run([program, f"test=mm_random.{TEST}", *options,
                              f"{TEST}.round={number}", f"{TEST}.steps={step + 1}",
                              f"{TEST}.print=1"])
    if not failed:
        print(f"# round {number} does not fail alone")
        return
    player = steps.Player(program, [word for word in options if is_machine_word(word)])
    steps.explain(player, steps.records(said), f"{' '.join(options)}, round {number}",
                  cases_beside(program), seconds)


def check_contract(text):
    """Whether every call that a header declares is made, or excused."""
    names = re.findall(r"^# call (.+?): ", text, re.M)
    wrong = contract.problems(names) if names else []
    for line in wrong:
        print(f"# contract: {line}")
    return not wrong


def main():
    words = dict(word.split("=", 1) for word in sys.argv[2:] if "=" in word)
    nr_steps = words.pop("steps", "1000000")
    path = words.pop("input", None)
    test = words.pop("test", TEST)
    seconds = float(words.pop("shrink", 240))
    if not path:
        words.setdefault("seed", str(int(time.time())))
    options = [f"{name}={value}" for name, value in words.items()]
    if path:
        return explain_input(sys.argv[1], options, path, seconds)
    command = [sys.argv[1], f"test=mm_random.{test}", *options, f"{test}.steps={nr_steps}"]
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
        explain_round(sys.argv[1], options, text, seconds)
    return process.returncode or not check_contract(text)


if __name__ == "__main__":
    sys.exit(main())
