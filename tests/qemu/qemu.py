# SPDX-License-Identifier: BSD-2-Clause
"""One virtual machine: firmware under QEMU, started, followed, ended.

Every machine gets a folder of its own with what came out: debug.log (the bytes of the debug port),
serial.log (what the firmware says), and screen.png where something went wrong. The firmware's
variables are a fresh copy each time. The guest's disk is used through a snapshot unless `keep`.
"""
import os
import socket
import subprocess
import time

from firmware import ENFORCING_SMM, OVMF_4M
from qmp import Qmp, QmpError

QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
# How the application tells QEMU its result: isa-debug-exit makes (2 * value + 1) of it.
PASSED, FAILED, SKIPPED, CRASHED = 33, 35, 37, 39

POLL = 0.02
# Seconds for what a host with nothing else to do has done in ten to sixty: only what hangs needs
# more, and how busy a host is decides nothing.
PATIENCE = 600
FIRMWARE_EXCEPTION = b"X64 Exception"
SHELL_PAUSE = b"seconds to skip"


class Log:
    """A file that grows; read() gives what is new."""

    def __init__(self, path):
        self.path = path
        self.data = b""

    def read(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(len(self.data))
                new = file.read()
        except FileNotFoundError:
            return b""
        self.data += new
        return new

    def text(self):
        return self.data.decode("utf-8", "replace")


class Machine:
    """What starts is said by `image` and `disk` (a key of disk_ways in firmware.py), or by `kernel`
    (an .efi file, with `append` as its load options), or by `network` (the arguments of network()).
    Use it as a context: at the end QEMU is gone."""

    def __init__(self, folder, image=None, disk="virtio", kernel=None, append="", memory="1G",
                 cpu="max", cpus=1, read_only=False, keep=False, network=(), secure=False,
                 firmware=None, extra=(), debug_log=None, limit=None, apart=False):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.debug = Log(debug_log or self.path("debug.log"))
        self.serial = Log(self.path("serial.log"))
        self.process = None
        self.qmp = None
        self.firmware = firmware or (ENFORCING_SMM if secure else OVMF_4M)
        self.apart = apart      # from the terminal: Ctrl-C is not for QEMU
        self.limit = limit      # seconds without a word after which a test is over time
        self.last_word = None
        self.first_line = None  # when the application first said something
        self.arguments = self._common(memory, cpu, cpus, extra)
        if kernel:
            self.arguments += ["-kernel", kernel, "-append", append]
        if image:
            self.arguments += self._drive(image, disk, read_only or disk == "cd", keep)
        self.arguments += [*network, *extra]

    def path(self, name):
        return os.path.join(self.folder, name)

    def _common(self, memory, cpu, cpus, extra):
        arguments = [
            *self.firmware.arguments(self.path("vars.fd")),
            "-cpu", cpu, "-smp", str(cpus), "-m", str(memory),
            "-nodefaults", "-display", "none", "-vga", "std", "-monitor", "none", "-no-reboot",
            "-chardev", "file,id=debug,path=" + self.debug.path,
            "-device", "isa-debugcon,iobase=0xe9,chardev=debug",
            "-serial", "file:" + self.serial.path,
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
        ]
        # More CPUs than cores: a CPU that spins must not keep the core from the one it waits for.
        if int(cpus) > (os.cpu_count() or 1) and "-accel" not in extra:
            arguments += ["-accel", "tcg,thread=single"]
        return arguments

    def _drive(self, image, disk, read_only, keep):
        drive = "format=raw,if=none,id=d,file=" + image
        if read_only:
            drive += ",readonly=on"
        elif not keep:
            drive += ",snapshot=on"
        return ["-drive", drive] + self.firmware.disk_ways[disk]

    def __enter__(self):
        if self.firmware.variables:
            with open(self.firmware.variables, "rb") as source, \
                 open(self.path("vars.fd"), "wb") as copy:
                copy.write(source.read())
        for log in (self.debug, self.serial):
            open(log.path, "wb").close()
        ours, theirs = socket.socketpair()
        command = [QEMU, *self.arguments, "-chardev", f"socket,id=qmp,fd={theirs.fileno()}",
                   "-mon", "chardev=qmp,mode=control"]
        with open(self.path("qemu.log"), "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, pass_fds=[theirs.fileno()],
                                            start_new_session=self.apart)
        theirs.close()
        self.qmp = Qmp(ours)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.qmp.close()

    def screenshot(self, name="screen.png"):
        """The path of a picture of the screen; None when there is none to be had."""
        path = os.path.abspath(self.path(name))
        try:
            self.qmp.command("screendump", {"filename": path, "format": "png"}, timeout=60)
        except (QmpError, OSError):
            return None
        return path

    def skip_shell_pause(self):
        self.qmp.command("send-key", {"keys": [{"type": "qcode", "data": "spc"}]})

    def _is_over_limit(self):
        """Only while tests run: in the firmware's hands an NMI would end more than a test."""
        tests = self.debug.data.rfind(b"KTAP version")
        return (self.limit and tests >= 0 and self.debug.data.find(b"# gate closed", tests) < 0 and
                time.monotonic() > self.last_word + self.limit)

    def end_test(self):
        """The NMI that ends a test which is over its time (limit=), with interrupts off too."""
        self.last_word = time.monotonic()
        self.qmp.command("inject-nmi")

    def follow(self, timeout, done=lambda: False, output=None):
        """Reads the logs until `done()`, or QEMU ends, or it can go on no more.

        New bytes of the debug port go to `output`. Returns why it came back: "done", "ended",
        "timeout" or "exception" (the firmware took one, and hangs).
        """
        end = time.monotonic() + timeout
        key_sent = False
        while True:
            ended = self.process.poll() is not None
            new = self.debug.read()
            if new and output:
                output(new)
            if new:
                self.last_word = time.monotonic()
            if new and self.first_line is None:
                self.first_line = time.monotonic()
            self.serial.read()
            if done():
                return "done"
            if ended:
                return "ended"
            if FIRMWARE_EXCEPTION in self.serial.data:
                return "exception"
            if not key_sent and SHELL_PAUSE in self.serial.data:
                self.skip_shell_pause()
                key_sent = True
            if self._is_over_limit():
                self.end_test()
            if time.monotonic() > end:
                return "timeout"
            time.sleep(POLL)

    def seconds_in_application(self):
        return time.monotonic() - self.first_line if self.first_line else 0.0

    def complaint(self, why):
        """What to say about a run that follow() left for `why`; None: QEMU ended by itself."""
        if why == "ended":
            return None
        if why == "exception":
            at = self.serial.text().find(FIRMWARE_EXCEPTION.decode())
            first = self.serial.text()[at:].splitlines()[0]
            return "the firmware took an exception: " + first.strip(" !\r") + self._picture()
        return "did not end in time" + self._picture()

    def _picture(self):
        path = self.screenshot()
        return f" (screen: {os.path.relpath(path)})" if path else ""

    def qemu_says(self):
        with open(self.path("qemu.log"), encoding="utf-8", errors="replace") as file:
            return file.read().strip()
