# SPDX-License-Identifier: BSD-2-Clause
"""JSON files, as far as figures need them: the minimal Python of Debian has no json module."""
import ast
import re

WORDS = {"true": "True", "false": "False", "null": "None"}
STRING_OR_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b')


def _text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.1f}"
    if isinstance(value, int):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode(value, depth=0):
    """A list of dictionaries has one of them a line; the rest is laid out like it."""
    if isinstance(value, dict):
        inside = [f'"{key}": {encode(item, depth + 1)}' for key, item in value.items()]
        return "{" + (",\n " if depth == 0 else ", ").join(inside) + "}"
    if isinstance(value, (list, tuple)):
        inside = [encode(item, depth + 1) for item in value]
        return "[" + (",\n  " if depth == 1 else ", ").join(inside) + "]"
    return _text(value)


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return ast.literal_eval(STRING_OR_WORD.sub(lambda m: WORDS.get(m[0], m[0]), text).strip())


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        file.write(encode(value) + "\n")
