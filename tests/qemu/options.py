#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The list of options in README.md and disk/vmlab.cfg, made from the table in efi/options_table.c.

    tests/qemu/options.py OPTIONS-TABLE check|write

In both files it stands between two lines; what is outside of them is written by hand.
"""
import os
import subprocess
import sys

from disk import ROOT

# file, the lines around the list, the form that options-table prints it in
PLACES = [
    ("README.md", "<!-- options -->\n", "<!-- end of options -->\n", "markdown"),
    ("disk/vmlab.cfg", "# Options:\n", "# End of options.\n", "config"),
]


def listed(program, form):
    return subprocess.run([program, form], check=True, stdout=subprocess.PIPE).stdout.decode()


def parts(path, start, end):
    """The file's text before the list, the list, and behind it."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    before, found, rest = text.partition(start)
    inside, found_end, behind = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"{path} has no lines {start.strip()} and {end.strip()}")
    return before + start, inside, end + behind


def stale(program):
    """The files whose list is not the table's."""
    return [path for path, start, end, form in PLACES
            if parts(path, start, end)[1].strip() != listed(program, form).strip()]


def write(program):
    for path, start, end, form in PLACES:
        before, _, behind = parts(path, start, end)
        gap = "\n" if form == "markdown" else ""
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
            file.write(before + gap + listed(program, form) + "\n" + behind)


if __name__ == "__main__":
    if sys.argv[2] == "write":
        write(sys.argv[1])
    else:
        sys.exit("\n".join(stale(sys.argv[1])) or 0)
