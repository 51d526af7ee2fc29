#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Has CBMC prove what tests/proofs/*.c say, and fail each once more with a bug planted.

    tests/proofs/prove.py FOLDER CC

CBMC is the command; with CBMC_ROOT it lies in the tree of another system there (a Debian that has
it, unpacked by mmdebstrap), and is run in a namespace of its own, which needs no root.
"""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CBMC, CBMC_ROOT = os.environ.get("CBMC", "cbmc"), os.environ.get("CBMC_ROOT")
OPTIONS = ["--no-standard-checks", "--bounds-check", "--pointer-check", "--div-by-zero-check",
           "--unwind", "8", "--unwinding-assertions"]
LIMIT = 300

# Proof: (file, what stands there, what is planted in its place).
PLANTS = {
    "blocks": ("mm/buddy.c", "if (order > aligned)", "if (order > aligned + 1)"),
    "entries": ("pagetables/entry.h", "flags |= entry & _PAGE_PAT_LARGE ? _PAGE_PAT : 0;", ""),
    "range": ("pagetables/tables.h", "virt <= last && ", ""),
}


def preprocess(name, folder, planted):
    """One file of everything that the proof needs; with the bug in it when `planted`."""
    tree = os.path.join(folder, "tree")
    subprocess.run(["rm", "-rf", tree], check=True)
    os.makedirs(tree)
    subprocess.run(["cp", "-r", "mm", "pagetables", "tests", tree], check=True, cwd=ROOT)
    if planted:
        path, old, new = PLANTS[name]
        path = os.path.join(tree, path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if text.count(old) != 1:
            sys.exit(f"{name}: the place for the bug is not there once: {old}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
    target = os.path.join(CBMC_ROOT, "tmp") if CBMC_ROOT else folder
    target = os.path.join(target, f"{name}.i")
    subprocess.run([sys.argv[2], "-E", "-I", "tests/proofs", "-I", "mm", "-I", "pagetables",
                    "-I", "tests/host", f"tests/proofs/{name}.c", "-o", os.path.abspath(target)],
                   check=True, cwd=tree)
    return target


def prove(name, folder, planted):
    """True: proved; False: refuted; and what is said of it."""
    path = preprocess(name, folder, planted)
    command = [CBMC, *OPTIONS, path]
    if CBMC_ROOT:
        command = ["unshare", "-r", "-R", CBMC_ROOT, CBMC, *OPTIONS, f"/tmp/{name}.i"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=LIMIT)
    text = done.stdout.decode(errors="replace")
    if "VERIFICATION SUCCESSFUL" in text:
        return True, "proved"
    refuted = re.findall(r"\] line \d+ (.*): FAILURE", text)
    if not refuted:
        sys.exit(f"{name}: CBMC says neither yes nor no:\n{text}")
    return False, "refuted: " + refuted[0]


def main():
    folder, failed = sys.argv[1], 0
    os.makedirs(folder, exist_ok=True)
    print(f"KTAP version 1\n1..{2 * len(PLANTS)}")
    for i, name in enumerate(sorted(PLANTS)):
        for planted in (False, True):
            start = time.monotonic()
            holds, said = prove(name, folder, planted)
            good = holds != planted
            failed += not good
            print(f"{'' if good else 'not '}ok {2 * i + planted + 1} prove.{name}"
                  f"{'.planted' if planted else ''} # {time.monotonic() - start:.1f} s; {said}",
                  flush=True)
    total = 2 * len(PLANTS)
    print(f"{total - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
