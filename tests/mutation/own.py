# SPDX-License-Identifier: BSD-2-Clause
"""Which tests are a function's own: those in files that name it."""
import collections
import glob
import os
import re

import places
import trial

TEST = re.compile(r"^(?:[A-Z]+_)?TEST(?:_FLAGS)?\(\s*(\w+),\s*(\w+)", re.M)
FOLDERS = ("tests/suites/*.c", "tests/host/*_suite.c")
LONG = re.compile(r"fail_walk|mm_random|trap")  # modules that take as long as all others
MOST = 4  # files of tests, for a file of code


def by_file():
    """For each file of tests: its modules, and the words in it."""
    for pattern in FOLDERS:
        for path in sorted(glob.glob(os.path.join(trial.ROOT, pattern))):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            yield {module for module, _ in TEST.findall(text)}, set(
                re.findall(r"\w+", places.blanked(text)))


def by_function():
    """{function: "test=..."}: the modules of the files of tests that name it."""
    naming = collections.defaultdict(set)
    for modules, words in by_file():
        for word in words:
            naming[word] |= modules
    return {word: "test=" + ",".join(sorted(modules)) for word, modules in naming.items() if modules}


def defined(path):
    """The names of the functions that a file defines."""
    with open(os.path.join(trial.ROOT, path), encoding="utf-8") as file:
        tokens = places.Tokens(file.read())
    names = set()
    for first, _ in tokens.functions():
        names.add(tokens.text[tokens.partner.get(first - 1, 0) - 1])
    return names


class Likely:
    """The tests that probably notice a change of a file."""

    def __init__(self):
        self.files = [(modules, words) for modules, words in by_file()
                      if modules and not any(LONG.match(module) for module in modules)]
        self.known = {}

    def _tests(self, path):
        names = defined(path)
        ranked = sorted(((len(names & words), sorted(modules)) for modules, words in self.files
                         if names & words), key=lambda pair: (-pair[0], pair[1]))
        return sorted({module for _, modules in ranked[:MOST] for module in modules})

    def arguments(self, arguments, path):
        """With the tests for "@own"; None where there are none."""
        if "test=@own" not in arguments:
            return arguments
        if path not in self.known:
            self.known[path] = self._tests(path)
        tests = ",".join(self.known[path])
        return tests and [word.replace("@own", tests) for word in arguments] or None
