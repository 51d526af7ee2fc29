#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints which conditions of mm/ and pagetables/ no suite has shown to decide alone (MC/DC).

    tests/mcdc.py PROGRAM PROFILE LLVM_COV

Of a decision of several conditions each must have been seen to turn it, with the others as they
were: a pair of evaluations. A function in a header is compiled into several files; a pair seen in
one of them counts. What has a reason there, as for coverage.py, and what ASSERT() says is not asked
for. Ends with 0: the figure is one to be published, not one to be reached.
"""
import collections
import os
import re
import subprocess
import sys
from coverage import Source

FILE = re.compile(r"(\S+\.[ch]):$")
LINE = re.compile(r"[ |]*?(\d+)\|\s*[\d.kMG]*\|(.*)")
DECISION = re.compile(r"MC/DC Decision Region \((\d+):(\d+)\) to \((\d+):(\d+)\)")
CONDITION = re.compile(r"Condition C(\d+) --> \((\d+):(\d+)\)")
PAIR = re.compile(r"C(\d+)-Pair: (covered|not covered|constant folded)")


def read_report(lines):
    """By file its text, and by decision whether each condition was shown (None: a constant)."""
    sources, places = {}, {}
    source = place = None
    for line in lines:
        if found := FILE.match(line):
            path = os.path.relpath(found[1])
            wanted = re.match(r"(mm|pagetables)/", path)
            source = sources.setdefault(path, Source()) if wanted else None
            place = None
        elif source is None:
            continue
        elif found := DECISION.search(line):
            place = (path, *(int(number) for number in found.groups()))
        elif found := CONDITION.search(line):
            shown = places.setdefault(place, {}).setdefault(int(found[1]), [None, None])
            shown[0] = (int(found[2]), int(found[3]))
        elif found := PAIR.search(line):
            if found[2] != "constant folded":
                shown = places[place][int(found[1])]
                shown[1] = bool(shown[1]) or found[2] == "covered"
        elif found := LINE.match(line):
            source.text.setdefault(int(found[1]), found[2])
    return sources, places


def condition_text(text, column):
    """From the condition on, as far as it can be told without a parser."""
    rest, depth = text[column - 1:], 0
    for i, letter in enumerate(rest):
        depth += (letter in "([") - (letter in ")]")
        if depth < 0 or (depth == 0 and (rest[i:i + 2] in ("&&", "||") or letter in ";?")):
            return rest[:i].strip()
    return rest.strip()


def main():
    program, profile, llvm_cov = sys.argv[1:]
    report = subprocess.run([llvm_cov, "show", "--show-mcdc", "--show-expansions=false", program,
                             "--instr-profile=" + profile], check=True, stdout=subprocess.PIPE)
    sources, places = read_report(report.stdout.decode(errors="replace").splitlines())
    excused = {path: {*source.reasons(), *source.asserted()} for path, source in sources.items()}
    asked, shown = collections.Counter(), collections.Counter()
    for place in sorted(places):
        path, source = place[0], sources[place[0]]
        for (line, column), seen in (places[place][i] for i in sorted(places[place])):
            if seen is None or line in excused[path] or path.endswith("/assert.h"):
                continue
            asked[path] += 1
            shown[path] += seen
            if not seen:
                text = condition_text(source.text.get(line, ""), column)
                print(f"{path}:{line}: not shown to decide alone: {text}")
    for path in sorted(asked):
        print(f"{path}: {shown[path]} of {asked[path]}")
    total, done = sum(asked.values()), sum(shown.values())
    print(f"MC/DC: {total} conditions of {len(places)} decisions, {done} shown to decide alone "
          f"({100 * done / max(total, 1):.1f} %)")


if __name__ == "__main__":
    main()
