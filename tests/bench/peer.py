#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Both columns fresh, on this machine: Linux by a script of the user's, ours by this application.

    tests/bench/peer.py EFI FOLDER SCRIPT

SCRIPT is called with a folder to work in and prints a line "ROW INSTRUCTIONS" for each row; row
names are those of tests/bench/bench.c. Nothing of it is kept in the repository.
"""
import os
import re
import subprocess
import sys

import bench
import figures

LINE = re.compile(r"^(\w+)\s+(\d+)$")


def measure_peer(script, folder):
    """Row name -> instructions, as the script measures them."""
    process = subprocess.Popen(["bash", script, folder], stdout=subprocess.PIPE, text=True)
    rows = {}
    for line in process.stdout:
        match = LINE.match(line.strip())
        if match:
            rows[match[1]] = int(match[2])
            print(f"# Linux: {match[1]} {match[2]}", flush=True)
    if process.wait() != 0 or not rows:
        raise bench.Broken(f"{script} ended with status {process.returncode}, "
                           f"{len(rows)} rows measured")
    return rows


def main(efi, folder, script):
    if not os.path.isfile(script):
        print("bench-peer: PEER=path/to/measure-linux.sh is missing", file=sys.stderr)
        return 2
    try:
        theirs = measure_peer(os.path.abspath(script), os.path.join(folder, "linux-peer"))
        log = bench.boot(efi, os.path.join(folder, "bench-0"), [bench.ROWS[0]], bench.ROWS[1])
    except bench.Broken as problem:
        print("bench-peer:", problem)
        return 1
    print(f"{'one loop, instructions':24} {'here':>12} {'Linux':>10} {'share':>8}")
    for row in figures.rows_of(log):
        linux = theirs.get(row["name"])
        share = f"1/{linux / row['instructions']:.1f}" if linux and row["instructions"] else "-"
        print(f"{row['name']:24} {row['instructions'] or 0:12.1f} {linux or '-':>10} {share:>8}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
