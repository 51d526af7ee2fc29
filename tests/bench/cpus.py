#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What CPUs share, from 1 to 16 of them: counted on the host, as a table and a picture.

    tests/bench/cpus.py PROGRAM FOLDER      PROGRAM: build/vmlab-lines; writes FOLDER/cpus.svg
"""
import os
import subprocess
import sys

import figures
import svg
import tables

CPUS = (1, 2, 4, 8, 16)
OPTIONS = ["bench", "test=sharing.rows", "mem=2G", "seed=1", f"cpus={CPUS[-1]}"]
# What is counted, as the table has it: a name, and the figures of a line that it adds up.
COLUMNS = {"lines moved": ("written", "read"), "lines of page tables": ("tables",),
           "shared locks": ("locks",),
           "contended": ("contended",), "flushes": ("flushes",), "purges": ("purges",),
           "locked instructions": ("atomics",)}
PANELS = ("lines moved", "flushes")
BOTTOM, TOP = 0.01, 10000.0  # of the pictures' logarithmic axes; what is less stands at the bottom


def rows_of(log):
    """{(name, cpus): {column: figure for a thousand loops of one CPU}}"""
    more = {(line["name"], line["cpus"]): line for line in figures.lines_of(log, "cpus-more")}
    found = {}
    for line in figures.lines_of(log, "cpus"):
        key = line["name"], line["cpus"]
        line = {**more[key], **line}
        thousands = line["loops"] * line["cpus"] / 1000
        found[key] = {column: sum(line[name] for name in names) / thousands
                      for column, names in COLUMNS.items()}
    return found


def names_of(found):
    return list(dict.fromkeys(name for name, _ in found))


def show(found):
    for column in COLUMNS:
        print(f"{column}, 1,000 loops:\n")
        tables.table(["", *(f"{cpus} CPUs" if cpus > 1 else "1 CPU" for cpus in CPUS)],
                     [[name, *(f"{found[name, cpus][column]:,.2f}" for cpus in CPUS)]
                      for name in names_of(found)])


def panel(found, column, left, width):
    """Curves of all workloads; a point for each number of CPUs."""
    axis = svg.Axis((BOTTOM, TOP), svg.HEIGHT - svg.BOTTOM, svg.TOP + 20)
    across = [left + width * i / (len(CPUS) - 1) for i in range(len(CPUS))]
    parts = [svg.text(left + width / 2, svg.TOP + 6, f"{column}, 1,000 loops")]
    for y in axis.decades():
        at = axis.place(y)
        parts += [svg.line(left, at, left + width, at),
                  svg.text(left - 6, at + 4, svg.short(y) if y > BOTTOM else "0", "end")]
    for x, cpus in zip(across, CPUS):
        parts.append(svg.text(x, svg.HEIGHT - svg.BOTTOM + 18, cpus))
    for name, colour in zip(names_of(found), COLOURS):
        places = [(x, axis.place(max(found[name, cpus][column], BOTTOM)))
                  for x, cpus in zip(across, CPUS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return parts


COLOURS = (*svg.COLOURS, "#b8860b", "#008b8b", "#8b4513", "#555555")


def picture(found):
    width = (svg.WIDTH - svg.RIGHT - 2 * 56) / 2
    parts = [*panel(found, PANELS[0], 44, width), *panel(found, PANELS[1], 100 + width, width)]
    for i, (name, colour) in enumerate(zip(names_of(found), COLOURS)):
        parts.append(svg.text(svg.WIDTH - svg.RIGHT + 12, svg.TOP + 16 * (i + 2), name, "start",
                              f' fill="{colour}"'))
    parts.append(svg.text(svg.WIDTH / 2 - 50, svg.HEIGHT - 12, "CPUs that run it at once"))
    return svg.document("What one CPU's loops cost the others", parts)


def main(program, folder):
    run = subprocess.run([program, *OPTIONS], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        print(run.stdout)
        return 1
    found = rows_of(run.stdout)
    show(found)
    with open(os.path.join(folder, "cpus.svg"), "w", encoding="utf-8") as file:
        file.write(picture(found))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
