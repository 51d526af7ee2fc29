#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The application under gdb, stopped at its entry, as `make debug` starts it.

    tests/qemu/debug.py IMAGE FOLDER SYMBOLS [QEMU'S ARGUMENTS...]

The environment says the rest, as for run.py; COMMANDS="a; b" are gdb's commands for a session
without a person. Where the firmware loads the application depends on machine, options and build,
and is the same each time: so it is started once to say its image base, and a second time to stop
there.
"""
import os
import re
import signal
import subprocess
import sys
import threading

from run import machine_for

GDB = os.environ.get("GDB", "gdb")
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vmlab_gdb.py")
BASE = re.compile(rb"^# image base (0x[0-9a-f]+)", re.MULTILINE)


def base_said(machine):
    found = BASE.search(machine.debug.data)
    return found and found[1].decode()


def find_base(image, folder, extra, timeout):
    """The image base of a run that is given up once it has said it."""
    with machine_for(image, folder, extra, os.environ) as machine:
        why = machine.follow(timeout, done=lambda: base_said(machine))
        if why != "done":
            raise SystemExit("vmlab: " + str(machine.complaint(why) or machine.qemu_says()))
        return base_said(machine)


def watch(machine, base, over):
    """Follows the log. An image that came to lie elsewhere is stopped as soon as it says so."""
    stopped = []

    def done():
        now = base_said(machine)
        if now and now != base and not stopped:
            stopped.append(now)
            machine.qmp.command("stop")
        return over.is_set()
    machine.follow(float("inf"), done=done)


def gdb_command(machine, symbols, base, server):
    commands = os.environ.get("COMMANDS", "")
    batch = ["-batch"] if commands else []
    steps = ["set confirm off", "set pagination off", "set architecture i386:x86-64",
             "source " + SCRIPT, f"vmlab-start {server} {symbols} {base} {machine.debug.path}",
             *filter(None, map(str.strip, commands.split(";")))]
    return [GDB, "-q", "-nx", *batch, *(word for step in steps for word in ("-ex", step))]


def main(image, folder, symbols, *extra):
    timeout = float(os.environ.get("TIMEOUT") or 300)
    base = find_base(image, folder, list(extra), timeout)
    server = os.path.join(folder, "run", "gdb.sock")
    stub = ["-S", "-gdb", f"unix:{server},server=on,wait=off"]
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is gdb's
    with machine_for(image, folder, list(extra) + stub, os.environ, apart=True) as machine:
        machine.limit = None
        machine.qmp.command("query-status")  # QEMU is up, and so is its server
        over = threading.Event()
        watcher = threading.Thread(target=watch, args=(machine, base, over))
        watcher.start()
        print(f"vmlab: image base {base}; the log goes to {machine.debug.path}", flush=True)
        status = subprocess.run(gdb_command(machine, symbols, base, server), check=False).returncode
        over.set()
        watcher.join()
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
