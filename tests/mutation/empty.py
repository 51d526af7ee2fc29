#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Empties one public function of mm/ and pagetables/ after the other: do the suites notice?

    tests/mutation/empty.py --sources "FILES" --build "NAME=COMPILER AND FLAGS"
                            --run "NAME ARGUMENTS"... [--only PATTERN] [--again LOG] [--log FILE]

Public is what a header declares that is not for its own folder alone. The function then does nothing
and returns 0, NULL or false; one that answers bool is tried with true as well. What a function
returns already is no change. First the tests of those files are run that name the function, then
every --run, if any, until one fails. None of them has the random driver in it: a call's own test is
to notice. Limits are of CPU time, so that a busy machine is not taken for a function that hangs.
empty.txt names what nothing can notice, with the reason. Ends with 0 when all others are noticed.
"""
import argparse
import fnmatch
import os
import re
import subprocess
import sys

import mutate
import own
import places
import trial

sys.path.insert(0, os.path.join(trial.ROOT, "tests", "driver"))
import contract  # noqa: E402 (its folder comes first)

EXCUSED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "empty.txt")
# What the machine has, and the host answers by other means; and what the files of one folder share,
# under the calls that others make.
NOT_HERE = {"pagetables/platform.h", "pagetables/descriptors.h"}
INTERNAL = {"mm/area_cache.h", "mm/area_tree.h", "mm/areas.h", "mm/frames.h", "mm/free_space.h",
            "mm/history.h", "mm/pcp.h", "mm/percpu.h", "mm/purge.h", "mm/ram_block.h", "mm/slabs.h",
            "mm/vm_area.h", "mm/zone.h", "pagetables/tables.h", "pagetables/tlb_local.h",
            "pagetables/fault_probe.h", "pagetables/fault_report.h"}
QUALIFIER = re.compile(r"\b(static|inline|extern|__hot|__slow|noinline)\b"
                       r"|__attribute__\(\(.*?\)\)", re.S)
ALONE = 10  # seconds of CPU time of own tests, where nothing else runs


def return_type(text, tokens, name_at):
    """The words in front of a function's name; None: it does not return, or is a macro's work."""
    head = text[:tokens.start[name_at]]
    begin = max(head.rfind(end) for end in (";", "}", "*/", "\n\n", ")\n")) + 1
    head = re.sub(r"^[/\s]*|^#.*$", "", head[begin:], flags=re.M)
    words = " ".join(QUALIFIER.sub(" ", head).split())
    return None if "_Noreturn" in words or not re.fullmatch(r"[\w *]+", words) else words


def bodies(path, text, names):
    """A Place for each way to empty a function of `names` that the file defines."""
    tokens = places.Tokens(text)
    for first, last in tokens.functions():
        name_at = tokens.partner.get(first - 1, 0) - 1
        name = tokens.text[name_at]
        kind = return_type(text, tokens, name_at) if name in names else None
        if kind is None:
            continue
        values = [""] if kind == "void" else [f" return ({kind}){{0}}; "]
        if kind == "bool":
            values.append(" return true; ")
        line = text.count("\n", 0, tokens.start[name_at]) + 1
        for value in values:
            yield places.Place(path, line, 1, name, tokens.start[first], tokens.end[last],
                               "{" + value + "}")


class Build(trial.Build):
    """Whose compiler does not mind what an empty body leaves unused."""

    def compile(self, source, tree, target):
        command = [*self.command, "-w", "-g0", "-c", source, "-o", os.path.abspath(target)]
        return subprocess.run(command, cwd=tree, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0


class Emptying:
    def __init__(self, build, runs):
        self.build, self.runs, self.own = build, runs, own.by_function()
        self.tree = trial.Tree(os.path.join("build", "empty", "tree"))
        self.limits, self.texts = {}, {}

    def measure(self, log):
        for name, *arguments in self.runs:
            program = os.path.join("build", "vmlab-" + name)
            used, self.limits[name, *arguments] = trial.measure(program, arguments)
            log.say(f"# whole code: {used:.1f} s of CPU: {name} {' '.join(arguments)}")

    def try_one(self, place):
        """None: no change; else what gave it away, or ""."""
        text = self.texts[place.path]
        self.tree.change(place, text)
        try:
            return self._try(place)
        finally:
            self.tree.write(place, text)

    def _try(self, place):
        new = self.build.objects_with(place.path, self.tree.path)
        if not new:
            return None
        program = self.build.link(new)
        most = max(self.limits.values(), default=ALONE)
        if place.kind in self.own:
            said = trial.run(program, [self.own[place.kind]], most)
            if said:
                return f"own tests: {said}"
        for name, *arguments in self.runs:
            said = trial.run(program, arguments, self.limits[name, *arguments])
            if said:
                return f"{' '.join(arguments)}: {said}"
        return ""

    def all_bodies(self, pattern):
        names = set().union(*(functions for header, functions in contract.headers().items()
                              if header not in NOT_HERE | INTERNAL))
        found = []
        for path in sorted(self.build.users):
            if not re.match(r"(mm|pagetables)/\w+\.[ch]$", path) or path in NOT_HERE | INTERNAL:
                continue
            with open(os.path.join(trial.ROOT, path), encoding="utf-8") as file:
                self.texts[path] = file.read()
            found += [place for place in bodies(path, self.texts[path], names)
                      if fnmatch.fnmatch(f"{path}:{place.kind}", pattern)]
        return found


def excuses():
    """Names of functions that may be emptied unnoticed; behind each why."""
    with open(EXCUSED, encoding="utf-8") as file:
        return {line.split(":")[0] for line in file if line.strip() and line[0] != "#"}


def value_of(place):
    return place.new[1:-1].strip() or "nothing"


def survivors(path):
    """What an earlier run's log says has survived."""
    with open(path, encoding="utf-8") as file:
        return {line.split(" ", 2)[2].strip() for line in file if line.startswith("survived ")}


def judge(emptying, found, log):
    excused, counts = excuses(), {"noticed": 0, "excused": 0, "survived": 0, "none": 0}
    for place in found:
        said, value = emptying.try_one(place), value_of(place)
        outcome = ("none" if said is None else "noticed" if said
                   else "excused" if place.kind in excused else "survived")
        counts[outcome] += 1
        log.say(f"{outcome} {place.path}:{place.line} {place.kind}(): {value} {said or ''}".rstrip())
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--sources", required=True, help="what is linked, in this order")
    parser.add_argument("--run", action="append", default=[], metavar="NAME ARGUMENTS")
    parser.add_argument("--only", default="*", help="path:function, with * and ?")
    parser.add_argument("--again", metavar="LOG", help="those alone that survived there")
    parser.add_argument("--log", default="build/empty.log")
    arguments = parser.parse_args()
    os.chdir(trial.ROOT)
    again = survivors(arguments.again) if arguments.again else None
    log = mutate.Log(arguments.log)
    name, command = arguments.build.split("=", 1)
    build = Build(name, command, arguments.sources.split(), os.path.join("build", "empty"))
    emptying = Emptying(build, [text.split() for text in arguments.run])
    emptying.measure(log)
    found = [place for place in emptying.all_bodies(arguments.only)
             if again is None or f"{place.kind}(): {value_of(place)}" in again]
    counts = judge(emptying, found, log)
    total = counts["noticed"] + counts["survived"]
    log.say(f"{total} bodies emptied: {counts['noticed']} noticed, {counts['survived']} not; "
            f"{counts['excused']} more excused, {counts['none']} were empty, or are not linked")
    return 1 if counts["survived"] else 0


if __name__ == "__main__":
    trial.end_with(main)
