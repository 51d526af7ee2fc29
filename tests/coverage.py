#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads what gcov counted for mm/ and pagetables/; prints what nobody ran.

    tests/coverage.py FOLDER [GCOV]

A line counts as told when it has a reason in a comment, behind it or before it; what is indented
deeper than that line belongs to it:

    unreached: why    it cannot run here. If a part of it does, or nothing of it is missing, that is
                      an error. Where all that is indented deeper runs, the reason is for the other
                      outcome of its line alone.
    by chance: why    it depends on what another CPU does at that moment; it may run or not.

Without a reason it is not asked for that ASSERT() fails, nor that a compare-and-swap is tried again
in the condition of a loop: the first cannot happen, the second only by chance. A file that is not
compiled for the host has a reason too. Ends with 1 when anything is left untold, or a reason is
stale.
"""
import collections
import glob
import os
import re
import subprocess
import sys

LINE = re.compile(r"\s*([^:]+):\s*(\d+):(.*)")
BRANCH = re.compile(r"branch\s+\d+ (taken (\d+)|never executed)( \(throw\))?")
REASON = re.compile(r"/\* (unreached|by chance): ")
RETRY = re.compile(r"while \(!__atomic_compare_exchange_n\(")


class Reason:
    """One comment, and the statement that it is for, from line `first` to `last`; the rest is its
    block."""

    def __init__(self, kind, first):
        self.kind, self.first, self.last = kind, first, first


class Source:
    """One file: by line how often it ran (of all objects), and how often each branch was taken."""

    def __init__(self):
        self.text, self.count, self.branches = {}, {}, {}

    def add(self, number, count, text, branches):
        self.text[number] = text
        if count is None:
            return
        self.count[number] = self.count.get(number, 0) + count
        known = self.branches.setdefault(number, [])
        if len(known) < len(branches):
            known += [0] * (len(branches) - len(known))
        for i, taken in enumerate(branches):
            known[i] += taken

    def statement_end(self, number):
        """The line where what begins at `number` has no parenthesis open any more, nor goes on
        with ? or :."""
        depth = 0
        while number in self.text:
            code = re.sub(r"/\*.*?(\*/|$)|'.'|\"[^\"]*\"", "", self.text[number])
            depth += code.count("(") - code.count(")")
            if depth <= 0 and not self.text.get(number + 1, "").lstrip().startswith(("?", ":")):
                break
            number += 1
        return number

    def reasons(self):
        """By line the reason that is for it, the innermost."""
        told, open_ones, waiting, comment = {}, [], None, False
        for number in sorted(self.text):
            text = self.text[number].expandtabs(8)
            stripped = text.strip()
            found = REASON.search(text)
            comment = comment or stripped.startswith("/*")
            if comment:
                if found:
                    waiting = found.group(1)
                comment = "*/" not in stripped
                continue
            kind = found.group(1) if found else waiting
            if stripped in ("", "{"):
                continue
            indent = len(text) - len(text.lstrip())
            while open_ones and indent <= open_ones[-1][0]:
                open_ones.pop()
            if kind:
                open_ones.append((indent, Reason(kind, number)))
                open_ones[-1][1].last = self.statement_end(number)
                waiting = None
            if open_ones:
                told[number] = open_ones[-1][1]
        return self.without_blocks_that_ran(told)

    def without_blocks_that_ran(self, told):
        """A reason whose whole block ran is for the other outcome of its statement alone."""
        for reason in set(told.values()):
            block = [number for number, its in told.items()
                     if its is reason and number > reason.last and number in self.count]
            if block and all(self.count[number] for number in block):
                told = {number: its for number, its in told.items()
                        if its is not reason or number <= reason.last}
        return told

    def asserted(self):
        """Lines of ASSERT(), each with all that it goes on for."""
        lines, inside = set(), False
        for number in sorted(self.text):
            text = self.text[number]
            inside = inside or "ASSERT(" in text
            if inside:
                lines.add(number)
            inside = inside and not text.rstrip().endswith(";")
        return lines

    def missed(self, number):
        """Branches of a line that ran which were never taken."""
        never = sum(taken == 0 for taken in self.branches.get(number, []))
        return never - 1 if never and RETRY.search(self.text[number]) else never

    def findings(self, counts):
        """What is missing and has no reason, what has one and is not missing: (line, what)."""
        told, asserted, used = self.reasons(), self.asserted(), set()
        for number in sorted(self.count):
            ran, reason = self.count[number], told.get(number)
            branches, missed = self.branches.get(number, []), 0
            if number in asserted:
                continue
            counts["lines"] += 1
            counts["branches"] += len(branches)
            if not ran:
                counts["branches told" if reason else "branches missed"] += len(branches)
                counts["lines told" if reason else "lines missed"] += 1
                if not reason:
                    yield number, "not run"
            else:
                missed = self.missed(number)
                counts["branches told" if reason else "branches missed"] += missed
                if missed and not reason:
                    yield number, f"{missed} of {len(branches)} branches"
            if not ran or missed:
                used.add(reason)
            elif reason and reason.kind == "unreached" and number > reason.last:
                yield number, "run, and the reason says that it is not"
        for reason in sorted(set(told.values()) - used, key=lambda reason: reason.first):
            if reason.kind == "unreached":
                yield reason.first, "nothing is missing here, the reason is stale"


def read_gcov(text, sources):
    current, number, count, line, branches = None, 0, None, "", []

    def flush():
        if current is not None and number:
            current.add(number, count, line, branches)

    for row in text.splitlines():
        found = BRANCH.match(row)
        if found:
            branches.append(int(found.group(2) or 0))
            continue
        found = LINE.match(row)
        if not found:
            continue
        flush()
        said, number, line = found.group(1).strip(), int(found.group(2)), found.group(3)
        branches = []
        if number == 0:
            if line.startswith("Source:"):
                path = os.path.normpath(line[len("Source:"):])
                wanted = re.match(r"(mm|pagetables)/", path)
                current = sources.setdefault(path, Source()) if wanted else None
            continue
        said = said.rstrip("*")
        count = None if said == "-" else 0 if said in ("#####", "=====") else int(said)
    flush()


def left_out(sources):
    """Files that are not compiled for the host: those without a reason."""
    for path in sorted(glob.glob("mm/**/*.c", recursive=True) +
                       glob.glob("pagetables/**/*.c", recursive=True)):
        if path not in sources:
            with open(path) as file:
                if not REASON.search(file.read()):
                    yield path


def main():
    folder, gcov = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "gcov"
    sources = collections.OrderedDict()
    for path in sorted(glob.glob(os.path.join(folder, "**", "*.gcda"), recursive=True)):
        out = subprocess.run([gcov, "-b", "-c", "-t", path], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout.decode(errors="replace")
        read_gcov(out, sources)
    counts, wrong = collections.Counter(), 0
    for path in sorted(sources):
        for number, what in sorted(sources[path].findings(counts)):
            print(f"{path}:{number}: {what}: {sources[path].text[number].strip()}")
            wrong += 1
    for path in left_out(sources):
        print(f"{path}: not compiled for the host")
        wrong += 1
    for kind in ("lines", "branches"):
        total, missed, told = counts[kind], counts[kind + " missed"], counts[kind + " told"]
        print(f"{kind}: {total}, {total - missed - told} run "
              f"({100 * (total - missed - told) / max(total, 1):.1f} %), {told} with a reason, "
              f"{missed} without")
    return 1 if wrong or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
