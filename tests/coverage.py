#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads what gcov counted for mm/ and pagetables/; prints what nobody ran.

    tests/coverage.py FOLDER [GCOV]

A line counts as told when it has a reason in a comment: "unreached: ...", which may stand on the
line or, for a block, on the line that opens it (then all that is indented deeper belongs to it).
ASSERT() tells of what cannot happen: its failing branch is not asked for. Ends with 1 when anything
is left untold.
"""
import collections
import glob
import os
import re
import subprocess
import sys

LINE = re.compile(r"\s*([^:]+):\s*(\d+):(.*)")
BRANCH = re.compile(r"branch\s+\d+ (taken (\d+)|never executed)( \(throw\))?")
UNREACHED = re.compile(r"/\* unreached: ")


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

    def excused(self):
        """Numbers of the lines that have a reason."""
        lines, depth = set(), None
        for number in sorted(self.text):
            text = self.text[number].expandtabs(8)
            indent = len(text) - len(text.lstrip())
            if depth is not None and text.strip() not in ("", "{") and indent <= depth:
                depth = None
            if UNREACHED.search(text):
                lines.add(number)
                depth = indent if depth is None else depth
            elif depth is not None:
                lines.add(number)
        return lines


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


def main():
    folder, gcov = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "gcov"
    sources = collections.OrderedDict()
    for path in sorted(glob.glob(os.path.join(folder, "**", "*.gcda"), recursive=True)):
        out = subprocess.run([gcov, "-b", "-c", "-t", path], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout.decode(errors="replace")
        read_gcov(out, sources)
    counts = collections.Counter()
    for path in sorted(sources):
        source = sources[path]
        excused = source.excused()
        for number in sorted(source.count):
            text, told = source.text[number], number in excused
            branches = source.branches.get(number, [])
            missed = sum(taken == 0 for taken in branches) if source.count[number] else 0
            if re.match(r"\s*ASSERT\(", text) or "ASSERT(" in text:
                missed = 0
            counts["lines"] += 1
            counts["branches"] += len(branches) if source.count[number] else 0
            kind = "lines" if source.count[number] == 0 else "branches" if missed else None
            if kind:
                counts[kind + (" told" if told else " missed")] += 1 if kind == "lines" else missed
                if not told:
                    what = "not run" if kind == "lines" else f"{missed} of {len(branches)} branches"
                    print(f"{path}:{number}: {what}: {text.strip()}")
    for kind in ("lines", "branches"):
        total, missed, told = counts[kind], counts[kind + " missed"], counts[kind + " told"]
        print(f"{kind}: {total}, {total - missed - told} run "
              f"({100 * (total - missed - told) / max(total, 1):.1f} %), {told} with a reason, "
              f"{missed} without")
    return 1 if counts["lines missed"] or counts["branches missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
