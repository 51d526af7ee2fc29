#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Breaks mm/ and pagetables/ in one small way after the other, and counts what the suites notice.

    tests/mutation/mutate.py --sources "FILES" --build "NAME=COMPILER AND FLAGS"...
                             --run "NAME[@FILES] ARGUMENTS"...
                             [--nr 500] [--seed N] [--only PATTERN] [--again LOG] [--log FILE]

Each --build names a folder build/NAME of objects, and how they were compiled. A sample of `nr`
changes is drawn by the seed. For each the objects that it touches are compiled anew and linked with
the others; then every --run in turn (with @FILES only for changes of these: mm/zone.*) is made until
one fails: by an exit status, by a result "not ok", which ends it at once, or by taking several times
the CPU time that whole code takes. A change that does not compile without a warning, as the build
demands it, or that compiles to the same instructions, is no change: another is drawn. Changes that are listed in
equivalent.txt are counted apart. Ends with 0 when at least 95 % of the others were noticed and at
most 2 % are excused.
"""
import argparse
import fnmatch
import glob
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time

import places

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EQUIVALENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "equivalent.txt")
GOAL, EXCUSED_MOST = 95.0, 2.0
SLOW, PATIENCE = 4, 3  # times the usual CPU time, and seconds on top
WAITS = 60  # times that in wall time, for what only sleeps


class Build:
    """The objects of one build, some of which can be compiled from another tree."""

    def __init__(self, name, command, sources, work):
        self.name, self.command, self.sources = name, command.split(), sources
        self.objects = os.path.join("build", name)
        self.work = os.path.join(work, name)
        self.made = {}  # source -> object of whole code, without line numbers
        self.users = self._users()
        os.makedirs(self.work, exist_ok=True)

    def _users(self):
        """For each file of ours, the sources whose objects depend on it."""
        users = {}
        for path in glob.glob(os.path.join(self.objects, "**", "*.d"), recursive=True):
            with open(path, encoding="utf-8") as file:
                words = re.sub(r"\\\n", " ", file.read().split("\n\n")[0]).split()
            source = os.path.relpath(path, self.objects)[:-2]
            # Left from before; and the machine, which is not under test.
            if source not in self.sources or source.startswith("tests/host/"):
                continue
            for word in words[1:]:
                if not word.endswith(":"):
                    users.setdefault(word, set()).add(source)
        return {word: self._under_test(sources) for word, sources in users.items()}

    @staticmethod
    def _under_test(sources):
        """A header's change is made where it counts: the tests keep what they were compiled with."""
        return {source for source in sources if source.startswith(("mm/", "pagetables/"))} or sources

    def compile(self, source, tree, target):
        strict = ["-Wconversion"] if source.startswith(("mm/", "pagetables/")) else []
        command = [*self.command, *strict, "-g0", "-c", source, "-o", os.path.abspath(target)]
        return subprocess.run(command, cwd=tree, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def _whole(self, source):
        if source not in self.made:
            self.made[source] = os.path.join(self.work, source.replace("/", "-") + ".whole.o")
            self.compile(source, ROOT, self.made[source])
        with open(self.made[source], "rb") as file:
            return file.read()

    def objects_with(self, path, tree):
        """{source: new object}; None when it does not compile; empty when nothing differs."""
        new = {}
        for source in sorted(self.users.get(path, ())):
            target = os.path.join(self.work, source.replace("/", "-") + ".broken.o")
            if not self.compile(source, tree, target):
                return None
            with open(target, "rb") as file:
                if file.read() != self._whole(source):
                    new[source] = target
        return new

    def link(self, new):
        program = os.path.join(self.work, "vmlab")
        objects = [new.get(source) or os.path.join(self.objects, source + ".o")
                   for source in [*self.sources, "symbols"]]
        subprocess.run([*self.command, "-o", program, *objects], check=True)
        return program


class Tree:
    """A copy of the sources, with one change at a time."""

    def __init__(self, path):
        self.path = path
        subprocess.run(["rm", "-rf", path], check=True)
        os.makedirs(path)
        subprocess.run(["cp", "-r", "mm", "pagetables", "tests", "efi", path], check=True, cwd=ROOT)

    def write(self, place, text):
        with open(os.path.join(self.path, place.path), "w", encoding="utf-8") as file:
            file.write(text)

    def change(self, place, text):
        self.write(place, text[:place.start] + place.new + text[place.end:])


def run(program, arguments, limit):
    """What gave the change away; None: nothing. `limit`: seconds of CPU time."""
    def begin():
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=begin)
    said, last = None, ""
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, WAITS * limit)
    for line in process.stdout:
        if line.startswith(b"not ok"):
            said = line.decode(errors="replace").split("#")[0].strip()
            os.killpg(process.pid, signal.SIGKILL)
            break
        last = line.decode(errors="replace").strip() or last
    process.stdout.close()
    process.wait()
    signal.setitimer(signal.ITIMER_REAL, 0)
    if said:
        return said
    if process.returncode == -signal.SIGKILL:
        return "hangs"
    return f"status {process.returncode}, {last}" if process.returncode else None


def used_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Mutation:
    def __init__(self, builds, runs, log):
        self.builds, self.runs, self.log = builds, runs, log
        self.tree = Tree(os.path.join("build", "mutation", "tree"))
        self.texts = {}
        self.limits = {}

    def measure(self):
        for name, files, *arguments in self.runs:
            start = used_cpu()
            said = run(os.path.join("build", "vmlab-" + name), arguments, 600)
            taken = used_cpu() - start
            if said:
                sys.exit(f"whole code fails: {name} {' '.join(arguments)}: {said}")
            self.limits[name, *arguments] = int(SLOW * taken + PATIENCE)
            self.log.say(f"# whole code: {taken:.1f} s: {name}@{files} {' '.join(arguments)}")

    def try_one(self, place):
        """None: no change; else what gave it away, or ""."""
        text = self.texts[place.path]
        self.tree.change(place, text)
        try:
            return self._try(place)
        finally:
            self.tree.write(place, text)

    def _try(self, place):
        programs = {}
        for name, files, *arguments in self.runs:
            if not fnmatch.fnmatch(place.path, files):
                continue
            if name not in programs:
                new = self.builds[name].objects_with(place.path, self.tree.path)
                if not new:
                    if not programs:
                        return None
                    continue
                programs[name] = self.builds[name].link(new)
            said = run(programs[name], arguments, self.limits[name, *arguments])
            if said:
                return f"{' '.join([name, *arguments])}: {said}"
        return ""

    def all_places(self, pattern):
        users = next(iter(self.builds.values())).users
        found = []
        for path in sorted(users):
            if not re.match(r"(mm|pagetables)/.*\.[ch]$", path):
                continue
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                self.texts[path] = file.read()
            found += [place for place in places.places(path, self.texts[path])
                      if fnmatch.fnmatch(f"{path}:{place.line}", pattern)]
        return found

    def line_of(self, place):
        return self.texts[place.path].split("\n")[place.line - 1].strip()

    def name(self, place):
        old = " ".join(self.texts[place.path][place.start:place.end].split())
        new = " ".join(place.new.split())
        return f"{place.path}: {place.kind}: {old} -> {new} | {self.line_of(place)}"


class Log:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")

    def say(self, line):
        for file in (self.file, sys.stdout):
            print(line, file=file, flush=True)


def read_equivalent():
    """Names of changes that change nothing; behind each, indented, why."""
    if not os.path.exists(EQUIVALENT):
        return set()
    with open(EQUIVALENT, encoding="utf-8") as file:
        return {line.rstrip("\n") for line in file if line[0] not in "# \t\n"}


def run_words(text):
    """NAME[@FILES] ARGUMENTS: [name, files, argument...]."""
    name, *words = text.split()
    name, _, files = name.partition("@")
    return [name, files or "*", *words]


def survivors_of(path, mutation, found):
    """Those of the possible changes that an earlier run's log says have survived."""
    names = set()
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for line, name in zip(lines, lines[1:]):
        if re.match(r"\d+ survived ", line):
            names.add(name.strip())
    return [place for place in found if mutation.name(place) in names]


def sample(mutation, found, nr, log):
    excused, counts = read_equivalent(), {"noticed": 0, "excused": 0, "survived": 0, "none": 0}
    for place in found:
        done = counts["noticed"] + counts["excused"] + counts["survived"]
        if done >= nr:
            break
        start = time.monotonic()
        said = mutation.try_one(place)
        name = mutation.name(place)
        if said is None:
            counts["none"] += 1
            continue
        outcome = "noticed" if said else "excused" if name in excused else "survived"
        counts[outcome] += 1
        log.say(f"{done + 1} {outcome} {time.monotonic() - start:.1f} s "
                f"{place.path}:{place.line}:{place.column} {said}\n    {name}")
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--sources", required=True, help="what is linked, in this order")
    parser.add_argument("--run", action="append", default=[], metavar="NAME[@FILES] ARGUMENTS")
    parser.add_argument("--nr", type=int, default=500)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", default="*", help="path:line, with * and ?")
    parser.add_argument("--again", metavar="LOG", help="those alone that survived there")
    parser.add_argument("--log", default="build/mutation.log")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int(time.time())
    os.chdir(ROOT)
    log = Log(arguments.log)
    builds = {}
    for word in arguments.build:
        name, command = word.split("=", 1)
        builds[name] = Build(name, command, arguments.sources.split(),
                             os.path.join("build", "mutation"))
    mutation = Mutation(builds, [run_words(text) for text in arguments.run], log)
    mutation.measure()
    found = mutation.all_places(arguments.only)
    random.Random(seed).shuffle(found)
    if arguments.again:
        found = survivors_of(arguments.again, mutation, found)
    log.say(f"# {len(found)} possible changes, seed {seed}")
    counts = sample(mutation, found, arguments.nr, log)
    judged = counts["noticed"] + counts["survived"]
    total = judged + counts["excused"]
    share = 100 * counts["noticed"] / judged if judged else 0
    excused = 100 * counts["excused"] / total if total else 0
    log.say(f"{total} changes (seed {seed}; {counts['none']} more did not compile or changed no "
            f"instruction): {counts['noticed']} noticed, {counts['survived']} survived, "
            f"{counts['excused']} excused; {share:.1f} % of {judged} noticed")
    return 0 if share >= GOAL and excused <= EXCUSED_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
