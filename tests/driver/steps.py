# SPDX-License-Identifier: BSD-2-Clause
"""Rows of steps of the random driver: read, played, shrunk, and written as a test case.

A step is a pair: what it draws, in hexadecimal, and the name of its function, "" where the first
bytes have its number. The driver prints them so (print=1), and reads files of them (steps.file=).
"""
import hashlib
import os
import re
import subprocess
import tempfile
import textwrap
import time

STEP_BYTES = 16
TIMEOUT = 60
RECORD = re.compile(r'^# record \{"([0-9a-f]+)", "(.*)"\},$', re.M)
SAID = re.compile(r"^#  +\d+  (.*)$|^#        (.*)$", re.M)
TELLING = re.compile(r"^#  +\d+  |^#        |^# .*(expected|fails at|here:|hangs|ASSERT)|.*ERROR|"
                     r"^    #\d |.*runtime error")


def records(text):
    """The steps in what a run with print=1 said."""
    return RECORD.findall(text)


def from_bytes(data):
    """The steps of a fuzzer's input."""
    whole = len(data) - len(data) % STEP_BYTES
    return [(data[at:at + STEP_BYTES].hex(), "") for at in range(0, whole, STEP_BYTES)]


def to_lines(row):
    return "".join(f"{draws} {name}".rstrip() + "\n" for draws, name in row)


def read(path):
    """The rows of a file, without its remarks."""
    with open(path, encoding="utf-8") as file:
        text = "".join(line for line in file if not line.startswith("#"))
    rows = [[tuple((line + " ").split(" ", 1)) for line in row.splitlines()]
            for row in text.strip("\n").split("\n\n") if row]
    return [[(draws, name.rstrip()) for draws, name in row] for row in rows]


class Player:
    """Plays rows by a program of the host."""

    def __init__(self, program, options):
        self.command = [program, "test=mm_random.steps", *options]
        self.runs = 0

    def run(self, rows, more=()):
        """(whether it failed, what it said)"""
        self.runs += 1
        rows = [row for row in rows if row]
        with tempfile.NamedTemporaryFile("w", suffix=".steps") as file:
            file.write("\n".join(to_lines(row) for row in rows))
            file.flush()
            return run(self.command + [f"steps.file={file.name}", *more])

    def first_failing(self, rows):
        """Its number; None when all of them pass."""
        failed, text = self.run(rows)
        begun = re.findall(r"^# row (\d+) begins", text, re.M)
        return int(begun[-1]) if failed and begun else None

    def fails(self, row):
        return self.first_failing([row]) is not None


def run(command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as expired:
        return True, (expired.stdout or b"").decode(errors="replace") + "# hangs\n"
    return done.returncode != 0, done.stdout.decode(errors="replace")


def without(row, at, piece):
    return row[:at] + row[at + piece:]


def shrink_by(player, row, piece, until):
    """Drops pieces of one size, from the front to the back, as long as what is left fails."""
    at = 0
    while at < len(row) and time.monotonic() < until:
        starts = [start for start in range(at, len(row), piece) if len(row) > piece]
        first = player.first_failing([without(row, start, piece) for start in starts])
        if first is None:
            break
        row, at = without(row, starts[first], piece), starts[first]
    return row


def shrink(player, row, until):
    """Delta debugging, with ever smaller pieces. All rows of one size are played by one process: it
    ends with the first that fails. So what is left has to fail alone as well, or is not taken."""
    piece, again = max(1, len(row) // 2), True
    while again and time.monotonic() < until:
        less = shrink_by(player, row, piece, until)
        again = piece > 1 or len(less) < len(row)
        if len(less) < len(row):
            if not player.fails(less):
                break
            row = less
        piece = max(1, min(piece, len(row)) // 2)
    return row


def remarks(text):
    """For each step of a run with print=1: what it said of its call."""
    found = []
    for line in text.splitlines():
        said = SAID.match(line)
        if RECORD.match(line):
            found.append([])
        elif said and found:
            found[-1].append(said[1] or said[2])
    return found


def comment(text, indent=""):
    """A comment of C of lines that are not too long."""
    width = 84 if indent else 92
    lines = textwrap.wrap(text.replace("*/", "* /"), width, break_long_words=False)
    if len(lines) == 1:
        return f"{indent}/* {lines[0]} */\n"
    return "".join(f"{indent}{'/*' if line == lines[0] else ' *'} {line}\n"
                   for line in lines[:-1]) + f"{indent} * {lines[-1]} */\n"


def case(row, text, origin):
    """(name, text) of a test of what failed."""
    told = re.search(r"^# (.*expected.*|.*ERROR: .*|.*runtime error.*)$", text, re.M)
    function = re.sub(r"\W+", "_", row[-1][1].split(" ")[0]).strip("_")
    name = f"{function}_{hashlib.sha1(to_lines(row).encode()).hexdigest()[:6]}"
    calls = remarks(text)
    lines = []
    for number, (draws, call) in enumerate(row):
        said = ", ".join(calls[number]) if number < len(calls) else ""
        lines.append((comment(said, "\t") if said else "") + f'\t{{"{draws}", "{call}"}},\n')
    return name, (
        "/* SPDX-License-Identifier: BSD-2-Clause */\n#include \"../driver.h\"\n\n"
        + comment(f"Found by {origin}. What it said: {told[1] if told else 'it ended early'}")
        + "static const struct kept_step steps[] = {\n" + "".join(lines) + "};\n\n"
        + f'TEST(mm_random, kept_{name}, "{len(row)} calls that once failed do what the model '
        + 'says")\n{\n\tkept_case(steps, sizeof(steps) / sizeof(steps[0]));\n}\n')


def keep(folder, row, text, origin):
    """Writes the case, and the same row as a file to be played. Where to."""
    name, body = case(row, text, origin)
    os.makedirs(folder, exist_ok=True)
    for suffix, content in (".c", body), (".steps", to_lines(row)):
        with open(os.path.join(folder, name + suffix), "w", encoding="utf-8") as file:
            file.write(content)
    return os.path.join(folder, name)


def explain(player, row, origin, folder, seconds):
    """Shrinks a row that fails; prints the calls that are left, and keeps them as a case."""
    if not player.fails(row):
        print(f"# {origin}: does not fail alone")
        return
    row = shrink(player, row, time.monotonic() + seconds)
    _, said = player.run([row], ["steps.print=1"])
    row = records(said) or row
    print(f"# {origin}, shrunk to {len(row)} calls in {player.runs} runs:")
    for line in said.splitlines():
        if TELLING.match(line):
            print(line if line.startswith("#") else "# " + line)
    path = keep(folder, row, said, origin)
    print("# to repeat: " + " ".join(player.command) + f" steps.file={path}.steps steps.print=1")
    print(f"# to keep: cp {path}.c tests/driver/cases/")
