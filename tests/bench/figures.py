# SPDX-License-Identifier: BSD-2-Clause
"""The figures that a run of the benchmarks printed: log lines in, plain dictionaries out."""
import math
import re

LINUX_CLEARING = 704  # instructions that clearing a page costs Linux there
KINDS = ("invlpg", "cr3", "pge", "invpcid")
WORD = re.compile(r"([A-Za-z0-9_.]+)=(\S+)")


def number(text):
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def words(text):
    """The name=value words of a line. did= takes the rest of it."""
    head, _, rest = text.partition(" did=")
    found = {name: number(value) for name, value in WORD.findall(head)}
    if rest:
        found["did"] = rest
    return found


def lines_of(log, kind):
    """The lines "# KIND name=value ..." of the log, in order."""
    prefix = f"# {kind} "
    return [words(line[len(prefix):]) for line in log.splitlines() if line.startswith(prefix)]


def row_of(line, counts):
    """One row of the comparison, per loop."""
    loops = line["loops"]
    unit = "instructions" if "instructions" in line else "ticks"
    cost, linux = line[unit], line["linux"] or None
    cleared = counts["cleared"] / loops
    row = {"name": line["name"], "instructions": cost if unit == "instructions" else None,
           "linux": linux, "id": line["id"], "loops": loops, "unit": unit, unit: cost,
           "passed": bool(line["good"]), "clearing": line["clearing"],
           "flushes": {kind: counts[kind] / (2 * loops) for kind in KINDS},
           "tables": counts["tables"] / loops, "cleared": cleared}
    if linux and unit == "instructions":
        row["ratio"] = cost / linux
        row["net"] = cost - cleared * line["clearing"]
        row["linux_net"] = linux - cleared * LINUX_CLEARING
        row["net_ratio"] = row["net"] / row["linux_net"]
    return row


def rows_of(log):
    counts = {line["name"]: line for line in lines_of(log, "row-counts")}
    return [row_of(line, counts[line["name"]]) for line in lines_of(log, "row")]


def geometric_mean(values):
    """0 when there are none, or one is not above 0."""
    values = list(values)
    if not values or min(values) <= 0:
        return 0.0
    return math.exp(sum(map(math.log, values)) / len(values))


def figures_of(log):
    """Everything, as it stands in build/bench.json."""
    compiler = re.search(r"^# compiler (.*)$", log, re.MULTILINE)
    latency = lines_of(log, "latency")
    for call in latency:
        call["octaves"] = [(line["from"], line["calls"])
                           for line in lines_of(log, "latency-octave")
                           if line["call"] == call["call"]]
        call["slowest"] = [{key: line[key] for key in ("cost", "pages", "did")}
                           for line in lines_of(log, "latency-slow")
                           if line["call"] == call["call"]]
    return {"compiler": compiler[1].strip() if compiler else None,
            "rows": rows_of(log),
            "scale": lines_of(log, "scale"),
            "memory": lines_of(log, "memory"),
            "latency": latency,
            "fragmentation": lines_of(log, "fragmentation")}


def net_mean(rows):
    """Geometric mean of the net ratios of all rows that have one."""
    return geometric_mean(row["net_ratio"] for row in rows if "net_ratio" in row)
