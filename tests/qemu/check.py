# SPDX-License-Identifier: BSD-2-Clause
"""The words that checks are written with. A check is a function with a name and a sentence:

    @check("boot.twice", "two runs in one boot leave the firmware whole")
    def boot_twice(context):
        with context.machine(...) as machine:
            ...
            context.require(condition, "what is wrong otherwise")

It gets a folder of its own. It fails by an exception; results of the application that it hands to
context.add() are counted one by one. With `only_asked` it is too long for every run of all tests.
"""
import fnmatch
import os
import subprocess
import threading
import time
import traceback

import ktap
from qemu import PASSED, PATIENCE, Machine
from run import WORDS, verdict

CHECKS = []
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAKING = threading.Lock()


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


class Check:
    def __init__(self, name, sentence, function, only_asked=False):
        self.name, self.sentence, self.function = name, sentence, function
        self.only_asked = only_asked
        self.outcome = "failed"
        self.why = ""
        self.seconds = 0.0
        self.results = []  # of the application: ktap.Results


def check(name, sentence, only_asked=False):
    def register(function):
        CHECKS.append(Check(name, sentence, function, only_asked))
        return function
    return register


def selected(pattern):
    """The checks that a list of globs means. What is long must be meant by its module's name."""
    patterns = pattern.split(",")

    def is_meant(one):
        module = one.name.partition(".")[0]
        return any(fnmatch.fnmatch(one.name, p) and
                   (not one.only_asked or p.startswith(module + ".")) for p in patterns)
    return [c for c in CHECKS if is_meant(c)]


class Context:
    """What a check may use: where the build is, a folder of its own, machines, expectations."""

    def __init__(self, build, current):
        self.build = build
        self.check = current
        self.folder = os.path.join(build, "test", current.name)
        self.application = os.path.join(build, "vmlab.efi")
        self.linked = os.path.join(build, "vmlab.so")
        self.image = os.path.join(build, "vmlab.img")
        self.loader = os.path.join(build, "loader.efi")
        self.mp_shim = os.path.join(build, "mp_shim.efi")
        os.makedirs(self.folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def machine(self, **what):
        return Machine(self.folder, **what)

    def need(self, tool, package):
        """Skips the check where `tool`, a command or a file, is not installed."""
        places = [os.path.join(place, tool) for place in os.environ["PATH"].split(":")]
        if not any(os.access(place, os.R_OK) for place in places):
            raise Skipped(f"the package {package} is not installed")

    def make(self, target, *variables):
        """The path of `target` in the build's folder, made now with these variables."""
        path = os.path.join(self.build, target)
        _, _, given = os.environ.get("MAKEFLAGS", "").partition(" -- ")
        with MAKING:
            make = subprocess.run(
                ["make", "-C", ROOT, "--no-print-directory", os.path.relpath(path, ROOT),
                 *variables], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                env=dict(os.environ, MAKEFLAGS=" -- " + given if given else ""))
        self.require(make.returncode == 0, make.stdout.decode("utf-8", "replace"))
        return path

    def require(self, condition, text):
        if not condition:
            raise Failed(text)

    def add(self, results):
        self.check.results.append(results)

    def run(self, machine, timeout=PATIENCE):
        """One run to its end, which must be a pass; its results are counted."""
        status, results = self.ending(machine, timeout)
        failed = results.names("failed")
        self.require(status == PASSED, f"the run {WORDS[status]}: " + (
            ", ".join(failed[:8]) + (" ..." if failed[8:] else "")) + f" (see {self.folder})")
        return results

    def ending(self, machine, timeout=PATIENCE, counted=True):
        """One run to its end, whatever it is: (status, results). Results of a run that is meant to
        fail are not `counted`."""
        status, wrong = verdict(machine, machine.follow(timeout))
        results = ktap.parse(machine.debug.text())[-1]
        if counted:
            self.add(results)
        if wrong:
            raise Failed(wrong)
        return status, results


def perform(current, build):
    """Runs one check, and notes in it how it went."""
    start = time.monotonic()
    try:
        current.function(Context(build, current))
        current.outcome = "passed"
    except Skipped as reason:
        current.outcome, current.why = "skipped", str(reason)
    except Failed as reason:
        current.why = str(reason)
    except Exception:  # a defect of the check, or a tool that failed: shown, and counted as failed
        current.why = traceback.format_exc().strip()
    current.seconds = time.monotonic() - start
