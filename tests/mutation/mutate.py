#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Breaks mm/ and pagetables/ in one small way after the other, and counts what the suites notice.

    tests/mutation/mutate.py --sources "FILES" --build "NAME=COMPILER AND FLAGS"...
                             --run "NAME[@FILES] ARGUMENTS"... [--later "NAME[@FILES] ARGUMENTS"]...
                             [--nr 500] [--seed N] [--only PATH:LINE] [--again LOG]
                             [--names FILE] [--log FILE] [--jobs 2] [--first]

Each --build names a folder build/NAME of objects, and how they were compiled. A sample of `nr`
changes is drawn by the seed, in an order of their names, so that what is edited elsewhere does not
give another sample; --names tries those of a list instead. For each the objects that it touches are compiled anew and linked with
the others; then every --run in turn (with @FILES only for changes of these: mm/zone.*) is made until
one fails: by an exit status, by a result "not ok", which ends it at once, or by taking several times
the CPU time that whole code takes. What fails must fail twice, or else the run has not noticed it.
"test=@own" stands for the tests whose files name the most functions of the changed file. A change
that does not compile without a warning, as the build demands it, or that compiles to the same
instructions, is no change: another is drawn.

What has survived every --run is "open", and meets every --later once the sample is whole; --first
ends before that. Changes that are listed in equivalent.txt are counted apart. Ends with 0 when at
least 95 % of the others were noticed and at most 2 % are excused.
"""
import argparse
import collections
import fnmatch
import functools
import hashlib
import itertools
import multiprocessing
import os
import re
import signal
import sys
import time

import own
import places
import trial

EQUIVALENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "equivalent.txt")
GOAL, EXCUSED_MOST = 95.0, 2.0


class Mutation:
    """Tries changes in a folder of its own."""

    def __init__(self, builds, limits, work):
        sources, self.limits = builds["sources"], limits
        self.tree = trial.Tree(os.path.join(work, "tree"))
        self.builds = {name: trial.Build(name, command, sources, work)
                       for name, command in builds["commands"].items()}
        self.likely = own.Likely()

    def limit(self, name, arguments):
        """Of whole code, which must pass."""
        key = (name, *arguments)
        if key not in self.limits:
            _, self.limits[key] = trial.measure(os.path.join("build", "vmlab-" + name), arguments)
        return self.limits[key]

    def try_one(self, place, runs):
        """None: no change; else what gave it away, or ""."""
        with open(place.path, encoding="utf-8") as file:
            text = file.read()
        self.tree.change(place, text)
        try:
            return self._try(place, runs)
        finally:
            self.tree.write(place, text)

    def _try(self, place, runs):
        programs = {}
        for name, files, *arguments in runs:
            arguments = self.likely.arguments(arguments, place.path)
            if arguments is None or not fnmatch.fnmatch(place.path, files):
                continue
            if name not in programs:
                new = self.builds[name].objects_with(place.path, self.tree.path)
                if not new:
                    if not programs:
                        return None
                    continue
                programs[name] = self.builds[name].link(new)
            said = self._twice(programs[name], arguments, self.limit(name, arguments))
            if said:
                return f"{' '.join([name, *arguments])}: {said}"
        return ""

    @staticmethod
    def _twice(program, arguments, limit):
        said = trial.run(program, arguments, limit)
        if said and said != trial.HANGS:
            said = trial.run(program, arguments, limit) and said
        return said


class Workers:
    """Some processes that try changes at the same time; each has a Mutation."""

    mutation = None

    def __init__(self, jobs, builds, limits):
        self.arguments, self.jobs = (builds, limits, multiprocessing.Value("i", 0)), jobs

    @staticmethod
    def _begin(builds, limits, count):
        with count.get_lock():
            number, count.value = count.value, count.value + 1
        signal.signal(signal.SIGTERM, trial.Running.stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        Workers.mutation = Mutation(builds, limits, os.path.join("build", "mutation", str(number)))

    @staticmethod
    def _try(work):
        place, runs = work
        start = time.monotonic()
        return place, Workers.mutation.try_one(place, runs), time.monotonic() - start

    def each(self, found, runs):
        """(place, what gave it away, seconds), in the order of `found`, as long as one asks."""
        with multiprocessing.Pool(self.jobs, self._begin, self.arguments) as pool:
            yield from pool.imap(self._try, zip(found, itertools.repeat(runs)))


class Sample:
    def __init__(self, workers, log):
        self.workers, self.log, self.excused = workers, log, read_equivalent()
        self.counts = {"noticed": 0, "excused": 0, "survived": 0, "none": 0}

    def draw(self, found, nr, runs, last):
        """Returns what is open after `runs`; unless these are the last: then it has survived."""
        number, left = 0, []
        for place, said, seconds in self.workers.each(found, runs):
            if said is None:
                self.counts["none"] += 1
                continue
            number += 1
            outcome = "noticed" if said else "open"
            if not said and last:
                outcome = "excused" if name_of(place) in self.excused else "survived"
            self._say(f"{number} {outcome} {seconds:.1f} s", place, said)
            if outcome == "open":
                left.append(place)
            else:
                self.counts[outcome] += 1
            if number == nr:
                break
        return left

    def _say(self, head, place, said):
        self.log.say(f"{head} {place.path}:{place.line}:{place.column} {said}\n    {name_of(place)}")


def all_places(users, pattern):
    found = []
    for path in sorted(users):
        if re.match(r"(mm|pagetables)/.*\.[ch]$", path):
            found += [place for place in places.places(path, text_of(path))
                      if fnmatch.fnmatch(f"{path}:{place.line}", pattern)]
    return found


@functools.lru_cache(maxsize=None)
def text_of(path):
    with open(os.path.join(trial.ROOT, path), encoding="utf-8") as file:
        return file.read()


def name_of(place):
    text = text_of(place.path)
    old, new = " ".join(text[place.start:place.end].split()), " ".join(place.new.split())
    line = text.split("\n")[place.line - 1].strip()
    return f"{place.path}: {place.kind}: {old} -> {new} | {line}"


class Log:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")

    def say(self, line):
        for file in (self.file, sys.stdout):
            print(line, file=file, flush=True)


def read_equivalent():
    """Names of changes that change nothing; behind each, indented, why."""
    with open(EQUIVALENT, encoding="utf-8") as file:
        return {line.rstrip("\n") for line in file if line[0] not in "# \t\n"}


def run_words(text):
    """NAME[@FILES] ARGUMENTS: [name, files, argument...]."""
    name, *words = text.split()
    name, _, files = name.partition("@")
    return [name, files or "*", *words]


def numbered(found):
    """{name: place}, the second of a name with " #2" behind it."""
    seen, result = collections.Counter(), {}
    for place in found:
        name = name_of(place)
        seen[name] += 1
        result[f"{name} #{seen[name]}" if seen[name] > 1 else name] = place
    return result


def in_order(found, seed):
    """As the seed has it."""
    named = numbered(found)
    return [named[name] for name in sorted(
        named, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())]


def named_in(path, found, log):
    """Those of the possible changes whose names a file lists, one a line."""
    named = numbered(found)
    with open(path, encoding="utf-8") as file:
        wanted = [line.rstrip("\n") for line in file if line[0] not in "#\n"]
    there = [named[name] for name in wanted if name in named]
    log.say(f"# {len(wanted)} named in {path}, {len(wanted) - len(there)} are in the code no more")
    return there


def survivors_of(path, found):
    """Those of the possible changes that an earlier run's log says have survived, or are open."""
    names = set()
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for line, name in zip(lines, lines[1:]):
        if re.match(r"\d+ (survived|open) ", line):
            names.add(name.strip())
    return [place for place in found if name_of(place) in names]


def measured(runs, log):
    """{run: seconds}: the limits of all that are the same for every change."""
    limits = {}
    for name, files, *arguments in runs:
        if "test=@own" not in arguments:
            taken, limit = trial.measure(os.path.join("build", "vmlab-" + name), arguments)
            limits[name, *arguments] = limit
            log.say(f"# whole code: {taken:.1f} s: {name}@{files} {' '.join(arguments)}")
    return limits


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--sources", required=True, help="what is linked, in this order")
    parser.add_argument("--run", action="append", default=[], metavar="NAME[@FILES] ARGUMENTS")
    parser.add_argument("--later", action="append", default=[], metavar="NAME[@FILES] ARGUMENTS")
    parser.add_argument("--nr", type=int, default=500)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", default="*", help="path:line, with * and ?")
    parser.add_argument("--again", metavar="LOG", help="those alone that survived there")
    parser.add_argument("--names", metavar="FILE", help="those alone that it lists")
    parser.add_argument("--log", default="build/mutation.log")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--first", action="store_true", help="not the later runs")
    return parser.parse_args()


def conclude(counts, seed, log):
    judged = counts["noticed"] + counts["survived"]
    total = judged + counts["excused"]
    share = 100 * counts["noticed"] / judged if judged else 0
    excused = 100 * counts["excused"] / total if total else 0
    log.say(f"{total} changes (seed {seed}; {counts['none']} more did not compile or changed no "
            f"instruction): {counts['noticed']} noticed, {counts['survived']} survived, "
            f"{counts['excused']} excused; {share:.1f} % of {judged} noticed")
    return 0 if share >= GOAL and excused <= EXCUSED_MOST else 1


def main():
    arguments = parse()
    seed = arguments.seed if arguments.seed is not None else int(time.time())
    os.chdir(trial.ROOT)
    log = Log(arguments.log)
    runs = [run_words(text) for text in arguments.run]
    later = [] if arguments.first else [run_words(text) for text in arguments.later]
    builds = {"sources": arguments.sources.split(),
              "commands": dict(word.split("=", 1) for word in arguments.build)}
    workers = Workers(arguments.jobs, builds, measured(runs + later, log))
    users = trial.Build(*next(iter(builds["commands"].items())), builds["sources"],
                        os.path.join("build", "mutation")).users
    found = all_places(users, arguments.only)
    if arguments.names:
        found = named_in(arguments.names, found, log)
    else:
        found = in_order(found, seed)
    if arguments.again:
        found = survivors_of(arguments.again, found)
    log.say(f"# {len(found)} possible changes, seed {seed}")
    sample = Sample(workers, log)
    left = sample.draw(found, arguments.nr, runs, not later)
    if left:
        log.say(f"# {len(left)} are open")
        sample.draw(left, len(left), later, True)
    return conclude(sample.counts, seed, log)


if __name__ == "__main__":
    trial.end_with(main)
