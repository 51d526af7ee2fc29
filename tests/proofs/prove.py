#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Has CBMC prove what tests/proofs/*.c say, and fail each once more with a bug planted.

    tests/proofs/prove.py FOLDER CC [NAME...]

CBMC is the command, or its path; with CBMC_ROOT it lies in the tree of another system there (a
Debian that has it, unpacked by mmdebstrap), and runs with that one's libraries. The source files
are the project's own, compiled with its headers; the bug is planted in a copy.
"""
import glob
import os
import re
import resource
import subprocess
import sys
import tempfile
from plants import PROOFS

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CHECKS = ["--no-standard-checks", "--bounds-check", "--pointer-check", "--div-by-zero-check",
          "--unwinding-assertions", "--stop-on-fail"]
LIMIT_SECONDS, LIMIT_BYTES = 900, 6 << 30


def command(name):
    """A program of CBMC; with CBMC_ROOT of another system, by its loader and libraries."""
    tree = os.environ.get("CBMC_ROOT")
    if not tree:
        return [os.path.join(os.path.dirname(os.environ.get("CBMC", "")), name)]
    libraries = [path for path in glob.glob(tree + "/usr/lib/*-linux-gnu") + [tree + "/usr/lib"]
                 if os.path.isdir(path)]
    return [glob.glob(tree + "/lib64/ld-linux-*.so.*")[0], "--library-path", ":".join(libraries),
            tree + "/usr/bin/" + name]


def plant(proof, folder):
    """A copy of the tree with the bug in it."""
    tree = os.path.join(folder, "tree")
    subprocess.run(["rm", "-rf", tree], check=True)
    os.makedirs(tree)
    subprocess.run(["cp", "-r", "mm", "pagetables", "tests", tree], check=True, cwd=ROOT)
    path, old, new = proof["plant"]
    path = os.path.join(tree, path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        sys.exit(f"{path}: the place for the bug is not there once: {old}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    return tree


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_SECONDS, LIMIT_SECONDS))


def run(words, folder):
    """Ends with a status, what was printed, seconds of the processor, and MiB at the most."""
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, preexec_fn=limit,
                              cwd=folder) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return (process.returncode, output.read().decode(errors="replace"),
                used.ru_utime + used.ru_stime, used.ru_maxrss >> 10)


def replace_calls(path, old, new):
    """All calls of `old`, its own of itself as well, lead to `new`; its definition stays."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(rf"((?:_Bool|int|void|struct spot)\s+)?\b{old}\(",
                          lambda found: found[0] if found[1] else new + "(", text))


def compile_proof(name, proof, folder, tree):
    """The proof and all that it includes, as a program for CBMC."""
    target = os.path.abspath(os.path.join(folder, name))
    subprocess.run([sys.argv[2], "-E", *(["-P"] if "replace" in proof else []),
                    *("-D" + word for word in proof.get("defines", [])),
                    "-I", "tests/proofs", "-I", "mm", "-I", "pagetables", "-I", "tests/host",
                    f"tests/proofs/{proof.get('file', name)}.c", "-o", target + ".i"],
                   check=True, cwd=tree)
    for old, new in proof.get("replace", {}).items():
        replace_calls(target + ".i", old, new)
    steps = [command("goto-cc") + [target + ".i", "-o", target + ".gb"]]
    if "any" in proof:
        steps.append(command("goto-instrument") + [
            "--generate-function-body-options", "nondet-return",
            "--generate-function-body", "(" + "|".join(proof["any"]) + ")",
            target + ".gb", target + ".gb"])
    for step in steps:
        status, text, _, _ = run(step, folder)
        if status:
            sys.exit(f"{name}: {step[-1]}:\n{text[-4000:]}")
    return target + ".gb"


def prove(name, proof, folder, planted):
    """True: proved; False: refuted; and what is said of it."""
    path = compile_proof(name, proof, folder, plant(proof, folder) if planted else ROOT)
    words = command("cbmc") + CHECKS + ["--unwind", str(proof["unwind"])]
    if "objects" in proof:
        words += ["--object-bits", str(proof["objects"])]
    if "loops" in proof:
        words += ["--unwindset", ",".join(proof["loops"])]
    status, text, seconds, mib = run(words + [path], folder)
    used = f"{seconds:.1f} s, {mib} MiB"
    if "VERIFICATION SUCCESSFUL" in text:
        return True, used + "; proved"
    refuted = re.search(r"Violated property:\n +file .*\n +(.*)\n", text)
    if not refuted or "VERIFICATION FAILED" not in text:
        sys.exit(f"{name}: CBMC says neither yes nor no ({used}, status {status}):\n{text[-4000:]}")
    return False, f"{used}; refuted: {refuted[1]}"


def bound_of(name, proof):
    """What the head of the proof says of its bound."""
    with open(os.path.join(HERE, proof.get("file", name) + ".c"), encoding="utf-8") as file:
        said = re.search(r"Bound: (.*?)\*/", file.read(), re.DOTALL)
    return " ".join(said[1].split("\n *\n")[0].replace(" * ", " ").split())


def main():
    folder, failed = sys.argv[1], 0
    names = sys.argv[3:] or sorted(PROOFS)
    os.makedirs(folder, exist_ok=True)
    print(f"KTAP version 1\n1..{2 * len(names)}")
    for i, name in enumerate(names):
        print(f"# prove.{name}: bound: {bound_of(name, PROOFS[name])}")
        for planted in (False, True):
            holds, said = prove(name, PROOFS[name], folder, planted)
            good = holds != planted
            failed += not good
            print(f"{'' if good else 'not '}ok {2 * i + planted + 1} prove.{name}"
                  f"{'.planted' if planted else ''} # {said}", flush=True)
    total = 2 * len(names)
    print(f"{total - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
