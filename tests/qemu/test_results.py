# SPDX-License-Identifier: BSD-2-Clause
"""What a run leaves on the stick: \\vmlab\\NNNN\\, whatever happens to the machine or to the stick."""
import os
import random
import re

import disk
import ktap
from check import check
from qemu import FAILED, PASSED, PATIENCE
from qmp import decode
from test_input import require_one_line
from test_shell import runs_in_shell

FILES = ["junit.xml", "log.txt", "results.json", "results.tap", "vmlab.cfg"]
QUICK = "test=entry.* mem=32M"
MADE = b"# results: \\vmlab\\"
CLOSED = re.compile(rb"# \d+ passed, .*: \w+$")
RESULT = re.compile(rb"^(?:not )?ok \d+ (\S+)", re.MULTILINE)


def stick(context, options):
    return disk.copy_with_options(context.image, context.path("stick.img"), options)


def require_clean(context, image):
    wrong = disk.fsck(image)
    context.require(not wrong, f"the file system is not clean: {wrong}")


def read(image, number, name):
    return disk.get(image, f"/vmlab/{number:04}/{name}")


def require_whole(context, image, number, tap, outcome):
    """All files of a run are there, and say the same."""
    context.require(sorted(disk.names(image, f"/vmlab/{number:04}")) == FILES, "files are missing")
    context.require(read(image, number, "results.tap") == tap, "results.tap is not the log")
    results = ktap.parse(tap.decode())[-1]
    told = decode(read(image, number, "results.json").decode())
    context.require(told["outcome"] == outcome and told["run"] == number and
                    told["planned"] == results.planned, "results.json: " + str(told)[:200])
    context.require([(test["name"], test["outcome"]) for test in told["tests"]] == results.tests,
                    "results.json has other results than the log")
    junit = read(image, number, "junit.xml").decode()
    context.require(junit.count("<testcase") == len(results.tests) and
                    junit.count("<failure") == results.count("failed") and
                    junit.count("<skipped") == results.count("skipped") and
                    junit.endswith("</testsuites>\n"), "junit.xml has other results than the log")
    return told


@check("results.kept", "a run leaves its log on the stick to the byte, as JSON and as JUnit's XML")
def kept(context):
    image = stick(context, "seed=9 test=!mm_random.*")
    with context.machine(image=image, keep=True, memory="256M") as machine:
        results = context.run(machine)
        told = require_whole(context, image, 1, machine.debug.data, "passed")
    require_clean(context, image)
    context.require(int(told["layout"]["vmalloc_start"], 16) == results.value("VMALLOC_START"),
                    "results.json has another layout")
    config = read(image, 1, "vmlab.cfg").decode().split("\r\n")
    context.require("seed=0x9" in config, f"vmlab.cfg as used: {config}")


def kill_after(context, image, nr):
    """Starts the stick, kills QEMU when it has printed `nr` results; the log so far."""
    def printed():
        return len(RESULT.findall(machine.debug.data)) >= nr

    with context.machine(image=image, keep=True, memory="256M") as machine:
        why = machine.follow(PATIENCE, done=printed)
        context.require(why == "done", "no results: " + str(machine.complaint(why)))
        machine.process.kill()
        machine.process.wait()
        machine.debug.read()
        return machine.debug.data


def require_up_to_last(context, image, number, log):
    """results.tap has all that the killed run had finished, and which test it was in."""
    tap = read(image, number, "results.tap").rstrip()
    there, printed = RESULT.findall(tap), RESULT.findall(log)
    # What was printed, and not yet written, is the one test whose end was just being saved.
    context.require(there in (printed, printed[:-1]),
                    f"{len(printed)} results were printed, the stick has {len(there)}")
    running = tap.splitlines()[-1].decode()
    context.require(running.startswith("# running: "), f"the last line is {running}")
    return running.split()[-1]


@check("results.killed", "killed at any moment the file system is clean, and the next run goes on")
def killed(context):
    image = stick(context, "test=vmap*,vmalloc*,guard*,page* mem=64M")
    moments, names, crashed = random.Random(), set(), []
    for number in (1, 2, 3):
        log = kill_after(context, image, moments.randrange(1, 25))
        require_clean(context, image)
        crashed.append(require_up_to_last(context, image, number, log))
        names.update(RESULT.findall(log))
    with context.machine(image=image, keep=True, memory="256M") as machine:
        results = context.run(machine)
    require_clean(context, image)
    require_one_line(context, results, "run 0003 did not come to its end: it stopped in",
                     crashed[-1])
    require_one_line(context, results, "continues: run 0003, behind " + crashed[-1])
    require_closed(context, image, crashed)
    require_all_were_run(context, image, names | {name.encode() for name in crashed}, results)


def require_closed(context, image, crashed):
    for number, name in enumerate(crashed, 1):
        tap = read(image, number, "results.tap")
        context.require(ktap.parse(tap.decode())[-1].tests[-1] == (name, "failed"),
                        f"run {number} is not closed in {name}")
        context.require(tap.endswith(b": crashed\n"), f"run {number} is not closed as crashed")
        require_whole(context, image, number, tap, "crashed")


def require_all_were_run(context, image, names, results):
    """Together the runs are one: the first one's plan, each test once, with one seed."""
    tap = ktap.parse(read(image, 1, "results.tap").decode())[-1]
    together = names | {name.encode() for name, _ in results.tests}
    context.require(len(together) == tap.planned, f"{len(together)} of {tap.planned} tests in all")
    context.require(results.value("seed") == tap.value("seed"), "it went on with another seed")


@check("results.resume_off", "resume=off closes a killed run, and begins anew")
def resume_off(context):
    image = stick(context, "test=vmap* resume=off mem=64M")
    kill_after(context, image, 2)
    with context.machine(image=image, keep=True, memory="256M") as machine:
        results = context.run(machine)
    require_one_line(context, results, "run 0001 did not come to its end")
    context.require(not results.lines_with("continues"), "it went on")
    context.require(results.planned == ktap.parse(
        read(image, 1, "results.tap").decode())[-1].planned, "it did not begin anew")


def require_not_kept(context, why, **what):
    """A run that passes, and says in one line why it leaves no results."""
    with context.machine(memory="256M", **what) as machine:
        results = context.run(machine)
    require_one_line(context, results, "results: not kept", why)
    return results


@check("results.full", "on a full disk the run passes, says so once, and leaves nothing behind")
def full(context):
    image = stick(context, QUICK)
    with open(context.path("filler"), "wb") as file:
        file.truncate(disk.free(image) - (700 << 10))  # the first of our files finds room
    disk.put(image, context.path("filler"), "/filler")
    require_not_kept(context, "volume full", image=image, keep=True)
    require_clean(context, image)
    context.require(not disk.names(image, "/vmlab"), "a torn run was left")


@check("results.read_only", "on a write-protected disk the run passes, and says so once")
def read_only(context):
    require_not_kept(context, "write protected", image=stick(context, QUICK), read_only=True)


def pulled_by(context, pull):
    """A run from a USB stick of which `pull(qmp)` takes something away behind the tenth result."""
    image = stick(context, "test=entry.*,vm*,page*,guard* mem=64M")
    usb = ("-drive", "if=none,format=raw,id=u,file=" + image, "-device", "qemu-xhci",
           "-device", "usb-storage,drive=u,id=stick")
    with context.machine(memory="256M", extra=usb) as machine:
        machine.follow(PATIENCE, done=lambda: len(RESULT.findall(machine.debug.data)) >= 10)
        pull(machine.qmp)
        status, results = context.ending(machine)
    context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
    require_one_line(context, results, "results: not kept", "no longer")


@check("results.pulled", "the card is pulled out of the stick: the run goes on, and says so once")
def pulled(context):
    pulled_by(context, lambda qmp: qmp.monitor("drive_del u"))


@check("machines.pulled", "the same with the stick itself, which this firmware waits for: 75 s",
       only_asked=True)
def pulled_stick(context):
    pulled_by(context, lambda qmp: qmp.command("device_del", {"id": "stick"}))


@check("results.other_disk", "by -kernel nothing is kept; results=on keeps them on a disk of ours")
def other_disk(context):
    image = stick(context, "")
    drive = ("-drive", "if=none,format=raw,id=d,file=" + image, "-device",
             "virtio-blk-pci,drive=d")
    require_not_kept(context, "", kernel=context.application, append=QUICK, extra=drive)
    context.require(not disk.names(image, "/vmlab"), "a disk was written to unasked")
    with context.machine(kernel=context.application, append=QUICK + " results=on",
                         memory="256M", extra=drive) as machine:
        context.run(machine)
        require_whole(context, image, 1, machine.debug.data, "passed")
    require_clean(context, image)


@check("results.quiet_addresses", "quiet-addresses=on: no file that stays says an address or the seed")
def quiet_addresses(context):
    image = stick(context, "test=trap.behind,entry.* seed=0x7654321 quiet-addresses=on mem=32M")
    with context.machine(image=image, keep=True, memory="256M") as machine:
        status, _ = context.ending(machine, counted=False)
    context.require(status == FAILED, "the run did not end as it should")
    context.require(sorted(disk.names(image, "/vmlab/0001")) == FILES, "files are missing")
    for name in FILES:
        text = read(image, 1, name).decode()
        found = re.findall(r"0x[0-9a-f]{6,}|\b[0-9a-f]{7,}\b", text)
        context.require(not found and "7654321" not in text, f"{name} says {found[:5]}")


@check("results.keep", "keep=3 leaves the last three of five runs; results=off leaves none")
def keep(context):
    script = [f"for %a run (1 5)\r\n  vmlab.efi {QUICK} keep=3 exit=shell\r\nendfor",
              f"vmlab.efi {QUICK} results=off exit=shell"]
    runs_in_shell(context, script)
    image = context.path("shell.img")
    context.require(sorted(disk.names(image, "/vmlab")) == ["0003", "0004", "0005"],
                    "kept: " + ", ".join(disk.names(image, "/vmlab")))
    require_clean(context, image)


def seconds_inside(machine, seconds):
    return lambda: machine.seconds_in_application() >= seconds


def kill_at(context, image, seconds):
    """Starts the stick, kills QEMU so many seconds after the first line, if it still runs; what was
    printed until then."""
    with context.machine(image=image, keep=True, memory="256M") as machine:
        why = machine.follow(PATIENCE, done=seconds_inside(machine, seconds))
        if why not in ("done", "ended"):
            context.require(False, "no run: " + str(machine.complaint(why)))
        machine.process.kill()
        machine.process.wait()
        machine.debug.read()
        return machine.debug.data


def left_by_kill(context, image, log):
    """What the next run has to say of this one: None, nothing, when that came to its end; "" where
    it was killed before its files were all there."""
    folders = sorted(disk.names(image, "/vmlab"))
    if not folders or MADE + folders[-1].encode() not in log:
        return ""
    number = int(folders[-1])
    tap = read(image, number, "results.tap").rstrip()
    if tap and CLOSED.match(tap.splitlines()[-1]):
        return None
    there, printed = RESULT.findall(tap), RESULT.findall(log)
    context.require(printed[:len(there)] == there and len(printed) - len(there) <= 1,
                    f"{len(printed)} results were printed, the stick has {len(there)}")
    running = [line for line in tap.splitlines() if line.startswith(b"# running: ")]
    where = "in " + running[-1].decode().split()[-1] if running else "outside any test"
    return f"results: run {number:04} did not come to its end: it stopped {where}"


@check("machines.killed", "killed a hundred times at random moments: clean, and the next run knows",
       only_asked=True)
def killed_often(context):
    image = stick(context, "test=!mm_random.* mem=64M")
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    moments, said, told = random.Random(seed), None, 0
    longest = float(os.environ.get("SECONDS") or 40)
    for time in range(int(os.environ.get("TIMES") or 100)):
        log = kill_at(context, image, moments.uniform(0, longest))
        name = f"SEED={seed}, kill {time + 1}: "
        wrong = disk.fsck(image)
        context.require(not wrong, f"{name}the file system is not clean: {wrong}")
        if MADE in log:
            context.require(not said or said.encode() in log, f"{name}nobody says: {said}")
            context.require(said is not None or b"did not come to its end" not in log,
                            f"{name}a run that came to its end is said not to have")
            told += bool(said)
        said = left_by_kill(context, image, log)
    context.require(told > 0, "no run was killed where the next one tells of it")
