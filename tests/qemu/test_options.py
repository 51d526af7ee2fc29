# SPDX-License-Identifier: BSD-2-Clause
"""What a run can be asked for, and the list of it in all places."""
import os
import re

import disk
import ktap
import options
from check import check
from qemu import FAILED, PASSED, PATIENCE
from test_input import require_one_line

QUICK = "test=entry.*"
BASES = ("PAGE_OFFSET", "VMALLOC_START", "VMEMMAP_START")
NAMED = re.compile(r"^# (?!vmlab\.)(\w+\.\w+): ")


@check("options.table", "README.md and vmlab.cfg list the options as the application knows them")
def table(context):
    program = os.path.join(context.build, "options-table")
    context.require(not options.stale(program), "\"make options\" is due for " +
                    ", ".join(options.stale(program)))


def shell_runs(context, script, files=(), seconds=PATIENCE):
    """What each start of the application in one boot printed; `files`: (name, bytes)."""
    image = disk.shell_disk(context.path("shell.img"), context.application, script)
    for name, contents in files:
        with open(context.path(name), "wb") as file:
            file.write(contents)
        disk.put(image, context.path(name), "/" + name)
    with context.machine(image=image, memory="256M", keep=True) as machine:
        why = machine.follow(seconds)
        context.require(why == "ended", machine.complaint(why))
        return ktap.parse(machine.debug.text()), machine.serial.text()


def listed(results):
    return [match[1] for match in map(NAMED.match, results.lines) if match]


@check("options.list", "list prints the tests that are selected, in their order, and runs none")
def list_tests(context):
    words = ["test=guard", "test=gaurd", "order=shuffled seed=5", "order=shuffled seed=5",
             "order=shuffled seed=6", "test=vmalloc.one group=smoke", "test=walk,!walk.*"]
    runs, _ = shell_runs(context, [f"vmlab.efi list exit=shell {word}" for word in words])
    context.require(len(runs) == len(words), f"{len(runs)} runs")
    context.require(not any(run.tests or run.problem() for run in runs), "something was run")
    guard, typo, once, again, other, smoke, none = map(listed, runs)
    context.require(guard[0].startswith("guard.") and len(guard) > 5, f"test=guard: {guard}")
    require_one_line(context, runs[1], "gaurd", "nearest is guard")
    context.require(not typo and not none, "tests are listed that were not asked for")
    context.require(smoke == ["vmalloc.one"], f"group=smoke: {smoke}")
    context.require(len(once) > 300 and once == again, "one seed gave two orders")
    context.require(once != other and sorted(once) == sorted(other), "two seeds gave one order")
    context.require(once != sorted(once), "order=shuffled is no shuffle")


def run(context, words, **what):
    with context.machine(kernel=context.application, append=words, memory="256M",
                         **what) as machine:
        return context.ending(machine, counted=False)


@check("options.layout", "layout shows where a run with this seed would lie, and gives all back")
def layout_alone(context):
    bases = []
    for words in ("layout seed=3", f"seed=3 {QUICK}"):
        status, results = run(context, words)
        context.require(status == PASSED, f"{words} ended with {status}")
        context.require(bool(results.tests) == (QUICK in words), f"{words}: the wrong tests")
        require_one_line(context, results, "firmware map after: equal in each of")
        bases.append([results.value(name) for name in BASES])
    context.require(bases[0] == bases[1] and None not in bases[0], f"{bases}")


@check("options.smoke", "group=smoke passes, and takes at most two seconds inside")
def smoke(context):
    status, results = run(context, "group=smoke seed=3")
    times = [float(time) for time in re.findall(r"# (\d+\.\d{3}) ms", "\n".join(results.lines))]
    modules = {name.split(".")[0] for name, _ in results.tests}
    context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
    context.require(len(times) > 20 and len(modules) > 15, f"{len(times)} tests of {modules}")
    context.require(sum(times) < 2000, f"{sum(times)} ms")


def passed_of(results):
    """How many of the tests asked for passed: all but what is reported when all is given back."""
    return sum(not name.startswith("efi.") for name in results.names("passed"))


@check("options.repeat", "repeat= runs the tests so many times, each time with other data, or so long")
def repeat(context):
    status, results = run(context, f"{QUICK} repeat=3 seed=3")
    nr = int(re.match(r"# (\d+) of \d+ tests", results.lines_with(" tests")[0]).group(1))
    context.require(status == PASSED and passed_of(results) == 3 * nr,
                    f"repeat=3: {passed_of(results)} passed")
    status, results = run(context, f"{QUICK} repeat=2s order=shuffled seed=3")
    context.require(status == PASSED and passed_of(results) > 3 * nr,
                    f"repeat=2s: {passed_of(results)} passed")
    context.require(results.lines[-2] == f"1..{len(results.tests)}", "the plan is not last")


@check("options.failfast", "failfast=on ends the run at the first failure, which names the round")
def failfast(context):
    status, results = run(context, "test=trap.behind,vmap,walk failfast=on seed=3")
    context.require(status == FAILED and results.names("failed") == ["trap.behind"], "no failure")
    context.require(not any(name.startswith("vmap.") for name, _ in results.tests),
                    "tests were run after it")
    require_one_line(context, results, "stopped at the first failure")
    status, results = run(context, "test=trap.behind repeat=2 seed=3")
    context.require(status == FAILED and len(results.names("failed")) == 2, "no second round")


@check("options.quiet_addresses", "quiet-addresses=on prints no address, and no seed")
def quiet_addresses(context):
    status, results = run(context, "test=trap.behind,trap.wild_write,entry.* seed=0x7654321 "
                          "quiet-addresses=on")
    text = "\n".join(results.lines)
    context.require(status == FAILED, "the run did not end as it should")
    context.require(results.lines_with("that address is"), "no fault was reported")
    found = re.findall(r"0x[0-9a-f]{6,}|\b[0-9a-f]{7,}\b", text)
    context.require(not found and "7654321" not in text, f"addresses: {found[:5]}")
    context.require(re.search(r"seed with digest ([0-9a-f]{4}-){3}[0-9a-f]{4} ", text),
                    "no digest of the seed")
    status, results = run(context, "dump quiet-addresses=on")
    require_one_line(context, results, "not possible here", "quiet-addresses")


# What \vmlab.cfg can be: (name, bytes, what the log says of it, whether test= counts).
CONFIGS = [
    ("utf8.cfg", "\ufefftest=walk\n".encode("utf-8"), (), True),
    ("utf16.cfg", "\ufefftest=walk\r\n".encode("utf-16-le"), (), True),
    ("utf16be.cfg", "\ufefftest=walk\r\n".encode("utf-16-be"), (), True),
    ("crlf.cfg", b"# ours\r\ntest=walk\r\nquiet=1\r\n", ("unknown option", "quiet"), True),
    ("binary.cfg", bytes(range(256)) * 3, ("vmlab.cfg", "skipped"), False),
    ("long.cfg", b"test=walk\n" + b"# long\n" * 149790, (), True),
    ("longer.cfg", b"test=walk\n" + b"#" * (1 << 20), ("larger than 1 mib",), False),
    ("words.cfg", b"bad " * 250000 + b"test=walk", ("249980 more words",), True),
]


@check("options.config", "vmlab.cfg in any encoding, long or binary: one clear line each")
def config(context):
    script = [line for name, *_ in CONFIGS
              for line in (f"cp -q {name} vmlab.cfg", "vmlab.efi list exit=shell")]
    runs, _ = shell_runs(context, script, [(name, contents) for name, contents, *_ in CONFIGS])
    context.require(len(runs) == len(CONFIGS), f"{len(runs)} of {len(CONFIGS)} runs")
    for results, (name, _, said, counts) in zip(runs, CONFIGS):
        if said:
            require_one_line(context, results, *said)
        else:
            context.require(not results.lines_with("vmlab.cfg:"), name + " is complained about")
        walks = all(test.startswith("walk.") for test in listed(results))
        context.require(walks == counts, f"{name}: test= is {'ignored' if counts else 'taken'}")
