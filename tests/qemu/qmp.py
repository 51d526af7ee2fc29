# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's machine protocol over a socket: commands, answers, events.

One JSON object a line. The minimal Python of Debian has no json module, so the little that is
needed stands here; what QEMU writes is, but for three words, a Python literal.
"""
import ast
import re
import select
import time

WORDS = {"true": "True", "false": "False", "null": "None"}
STRING_OR_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b')


def decode(line):
    return ast.literal_eval(STRING_OR_WORD.sub(lambda m: WORDS.get(m[0], m[0]), line))


def encode(value):
    if isinstance(value, dict):
        return "{" + ", ".join(encode(k) + ": " + encode(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(encode, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class QmpError(Exception):
    pass


class Qmp:
    def __init__(self, socket):
        self.socket = socket
        self.buffer = b""
        self.events = []
        self.ready = False

    def close(self):
        self.socket.close()

    def _line(self, timeout):
        """One line, or None when none comes in time."""
        end = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            left = max(0, end - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                return None
            data = self.socket.recv(1 << 20)
            if not data:
                raise QmpError("QEMU has closed the connection")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode()

    def _answer(self, timeout):
        while True:
            line = self._line(timeout)
            if line is None:
                raise QmpError("QEMU does not answer")
            message = decode(line)
            if "event" in message:
                self.events.append(message["event"])
            elif "QMP" not in message:
                return message

    def command(self, name, arguments=None, timeout=60):
        if not self.ready and name != "qmp_capabilities":
            self.command("qmp_capabilities", timeout=timeout)
            self.ready = True
        message = {"execute": name}
        if arguments:
            message["arguments"] = arguments
        self.socket.sendall(encode(message).encode() + b"\n")
        answer = self._answer(timeout)
        if "error" in answer:
            raise QmpError(name + ": " + answer["error"]["desc"])
        return answer["return"]

    def monitor(self, line):
        """A command of the human monitor; its text."""
        return self.command("human-monitor-command", {"command-line": line})

    def saw(self, event):
        """Whether `event` has come since it was last asked for. False when QEMU has ended."""
        try:
            if not self.ready:
                self.command("query-status")
            while (line := self._line(0)) is not None:
                self.events.append(decode(line).get("event"))
        except (QmpError, OSError):
            return False
        if event not in self.events:
            return False
        self.events.remove(event)
        return True
