# SPDX-License-Identifier: BSD-2-Clause
"""The figures of the last run as Markdown tables, for README.md."""
import os

import figures
import record


def table(head, lines):
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * (len(head) - 1))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def share(ratio):
    return f"1/{1 / ratio:.1f}" if ratio and ratio > 0 else "-"


def row_line(row):
    flushes = sum(row["flushes"].values()) * 1000
    return [row["name"], f"{row[row['unit']]:,.1f}", f"{row['linux']:,}" if row["linux"] else "-",
            share(row.get("ratio")), share(row.get("net_ratio")), f"{flushes:.2f}",
            f"{row['tables']:.2f}", f"{row['cleared']:.2f}"]


def show_rows(rows):
    table(["one loop", rows[0]["unit"], "Linux 6.12", "gross", "net", "flushes, 1000 loops",
           "tables", "frames cleared"], map(row_line, rows))
    compared = [row for row in rows if "ratio" in row]
    if compared:
        gross = figures.geometric_mean(row["ratio"] for row in compared)
        print(f"Geometric mean: {share(gross)} gross, {share(figures.net_mean(compared))} net.\n")


def show(folder):
    found = record.read(os.path.join(folder, "bench.json"))
    print(f"Compiler: {found['compiler']}\n")
    if found["rows"]:
        show_rows(found["rows"])
    if found["scale"]:
        names = ["areas", "growth", "pair", "uncached", "replacement"]
        table(names, [[f"{point[name]:,}" for name in names] for point in found["scale"]])
        names = ["areas", "holes", "descriptor_bytes", "table_bytes"]
        table(names, [[f"{point[name]:,}" for name in names] for point in found["memory"]])
    if found["latency"]:
        names = ["calls", "p50", "p90", "p99", "p99.9", "max"]
        table(["call", *names], [[call["call"], *(f"{call[name]:,}" for name in names)]
                                 for call in found["latency"]])
    if found["fragmentation"]:
        names = ["place", "failed", "free_pages", "holes", "largest", "fragmentation"]
        table(names, [[str(line[name]) for name in names] for line in found["fragmentation"]])
    return 0
