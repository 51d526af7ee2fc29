#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs all tests, says how they went, and ends with "N passed, N failed, N skipped".

    tests/qemu/test.py --build build [--program "NAME=COMMAND LINE"]... [--only PATTERNS]

Programs come first, and print KTAP: theirs are the suites on the host. Then the checks of the files
test_*.py. Some at a time are run, of either. What was counted is every result that any of them
printed, and every check. All that came out is kept under build/test/.
"""
import argparse
import glob
import importlib
import os
import subprocess
import sys
import threading
import time

import check
import ktap

# One more than processors: a machine often waits, for its firmware or for what the check does next.
WORKERS = min(4, (os.cpu_count() or 1) + 1)
PROGRAM_TIMEOUT = 900


def program_check(name, command):
    """A program that prints KTAP, as a check."""
    def run(context):
        log = context.path("output.tap")
        with open(log, "wb") as output:
            status = subprocess.run(command.split(), stdout=output, stderr=subprocess.STDOUT,
                                    timeout=PROGRAM_TIMEOUT, check=False).returncode
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()
        results = ktap.parse(text)[-1]
        context.add(results)
        problem = results.problem() or (status != 0 and f"ended with status {status}")
        if problem:
            raise check.Failed(f"{problem} (see {log})\n" + excerpt(text))
    return check.Check(name, "the suites as a process", run)


def excerpt(text):
    """The failures that `text` tells of, or else its end."""
    lines = text.splitlines()
    at = [i for i, line in enumerate(lines) if line.startswith("not ok") or "ERROR:" in line]
    shown = sorted({j for i in at[:10] for j in range(max(0, i - 6), min(len(lines), i + 25))})
    return "\n".join(lines[j] for j in shown or range(max(0, len(lines) - 15), len(lines)))


class Report:
    """Prints a line a check as they end, and counts."""

    def __init__(self, planned):
        self.lock = threading.Lock()
        self.number = 0
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        print("KTAP version 1")
        print(f"1..{planned}", flush=True)

    def add(self, done):
        with self.lock:
            self.number += 1
            self.counts[done.outcome] += 1
            inside = {word: sum(r.count(word) for r in done.results) for word in self.counts}
            for word, count in inside.items():
                self.counts[word] += count
            self._print(done, inside)

    def _print(self, done, inside):
        for line in done.why.splitlines() if done.outcome == "failed" else ():
            print("#   " + line)
        said = "not ok" if done.outcome == "failed" else "ok"
        more = ["SKIP " + done.why] if done.outcome == "skipped" else []
        more.append(f"{done.seconds:.1f} s")
        if done.results:
            more.append(", ".join(f"{count} {word}" for word, count in inside.items()))
        print(f"{said} {self.number} - {done.name} # {'; '.join(more)}", flush=True)


def work(waiting, lock, build, report):
    while True:
        with lock:
            if not waiting:
                return
            current = waiting.pop(0)
        check.perform(current, build)
        report.add(current)


def run_all(checks, build):
    report = Report(len(checks))
    shared = (list(checks), threading.Lock(), build, report)
    workers = [threading.Thread(target=work, args=shared, daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return report.counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--program", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--only", default="*", metavar="PATTERNS")
    arguments = parser.parse_args()
    for path in sorted(glob.glob(os.path.join(os.path.dirname(__file__), "test_*.py"))):
        importlib.import_module(os.path.basename(path)[:-3])
    start = time.monotonic()
    programs = [program_check(*named.split("=", 1)) for named in arguments.program]
    counts = run_all(programs + check.selected(arguments.only), arguments.build)
    print(f"# {time.monotonic() - start:.0f} s; logs under {arguments.build}/test")
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
