# SPDX-License-Identifier: BSD-2-Clause
"""Reads KTAP version 1: what a run of the application, the host suites and the checks here print.

A run begins with a line "# vmlab" and ends with its closing line, which says the same numbers as
the results above it: "# 7 passed, 0 failed, 1 skipped: passed".
"""
import re

BEGINNING = re.compile(r"^# vmlab(?:$| on the host)")
PLAN = re.compile(r"^1\.\.(\d+)$")
RESULT = re.compile(r"^(not )?ok \d+ (?:- )?([^# ]+)(?: # (.*))?$")
CLOSING = re.compile(r"^# (\d+) passed, (\d+) failed, (\d+) skipped: (\w+)$")
TAKEN = re.compile(r"^# taken 0x([0-9a-f]+)-0x([0-9a-f]+)")
OUTCOMES = ("passed", "failed", "skipped")


class Results:
    """The results of one run, in order: (name, one of OUTCOMES)."""

    def __init__(self):
        self.planned = None
        self.tests = []
        self.closing = None  # (passed, failed, skipped), as the run says
        self.lines = []

    def add(self, line):
        self.lines.append(line)
        plan, result, closing = PLAN.match(line), RESULT.match(line), CLOSING.match(line)
        if plan:
            self.planned = int(plan[1])
        elif result:
            skipped = (result[3] or "").startswith("SKIP")
            self.tests.append((result[2], "skipped" if skipped else
                               "failed" if result[1] else "passed"))
        elif closing:
            self.closing = tuple(map(int, closing.groups()[:3]))

    def count(self, outcome):
        return len(self.names(outcome))

    def names(self, outcome):
        return [name for name, how in self.tests if how == outcome]

    def problem(self):
        """What is wrong with the run as a whole; None: as many results as planned, and closed."""
        if self.planned is None:
            return "printed no plan"
        if len(self.tests) != self.planned:
            return f"planned {self.planned} tests, and printed {len(self.tests)} results"
        counted = tuple(map(self.count, OUTCOMES))
        if self.closing != counted:
            return f"closes with {self.closing}, and printed {counted}"
        return None

    def value(self, name):
        """The number of the line "# NAME 0x..."; None when there is none."""
        pattern = re.compile("^# " + re.escape(name) + r" 0x([0-9a-f]+)")
        found = [match[1] for match in map(pattern.match, self.lines) if match]
        return int(found[0], 16) if found else None

    def taken(self):
        """The ranges of memory that the run took from the firmware."""
        return [(int(m[1], 16), int(m[2], 16)) for m in map(TAKEN.match, self.lines) if m]

    def lines_with(self, *words):
        return [line for line in self.lines if all(word in line.lower() for word in words)]


def parse(text):
    """The runs that `text` holds, at least one."""
    runs = [Results()]
    for line in text.replace("\r", "").splitlines():
        if BEGINNING.match(line) and runs[-1].lines:
            runs.append(Results())
        runs[-1].add(line)
    return runs
