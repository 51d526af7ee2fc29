# SPDX-License-Identifier: BSD-2-Clause
"""One change of the code, built and run.

The objects that a change touches are compiled anew and linked with the others, which lie in build/NAME;
the program is run until a test fails, or for several times the CPU time that whole code takes: limits
are of CPU time, so that a busy machine is not taken for a change that hangs.
"""
import glob
import os
import re
import resource
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLOW, PATIENCE = 3, 2  # times the usual CPU time, and seconds on top
WAITS = 30  # times that in wall time, for what only sleeps
HANGS = "hangs"
LONGEST = 600  # seconds of CPU time, of whole code


class Broken(Exception):
    """Whole code does not pass: nothing can be said of changes."""


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
        return {word: self._under_test(word, sources) for word, sources in users.items()}

    @staticmethod
    def _under_test(path, sources):
        """A header's change is made where it counts: the tests keep what they were compiled with.
        A test that includes a source has what that becomes."""
        if path.endswith(".c"):
            return sources
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


def first_failure(process):
    """The first line of a result that is "not ok", or None; and the last line that was read."""
    last = ""
    for line in process.stdout:
        text = line.decode(errors="replace").strip()
        if line.startswith(b"not ok"):
            return text.split("#")[0].strip(), text
        last = text or last
    return None, last


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Running:
    """The program that this process waits for; stop() is for signal handlers, and ends both."""

    process = None

    @staticmethod
    def stop(*_):
        if Running.process:
            kill(Running.process)
        os._exit(1)


def run(program, arguments, limit):
    """What gave the change away; None: nothing. `limit`: seconds of CPU time."""
    def begin():
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=begin)
    Running.process = process
    signal.signal(signal.SIGALRM, lambda *_: kill(process))
    signal.setitimer(signal.ITIMER_REAL, WAITS * limit)
    try:
        said, last = first_failure(process)
        if not said:
            process.wait()
    finally:
        kill(process)
        process.stdout.close()
        process.wait()
        Running.process = None
        signal.setitimer(signal.ITIMER_REAL, 0)
    if said:
        return said
    if process.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        return HANGS
    return f"status {process.returncode}, {last}" if process.returncode else None


def used_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(program, arguments):
    """Runs whole code: the CPU time that a change of it may take."""
    start = used_cpu()
    said = run(program, arguments, LONGEST)
    taken = used_cpu() - start
    if said:
        raise Broken(f"whole code fails: {program} {' '.join(arguments)}: {said}")
    return taken, int(SLOW * taken + PATIENCE)


def end_with(main):
    """Ends the program as main() says, or with a line when nothing could be tried."""
    try:
        sys.exit(main())
    except Broken as broken:
        sys.exit(str(broken))
