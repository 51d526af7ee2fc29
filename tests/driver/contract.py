#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares the calls that the random driver makes with what the headers declare.

Every function that a header of mm/ or pagetables/ declares is one that the driver's tables name, or
stands in exceptions.txt with a reason: alone, or with its whole header. So a new call cannot be
forgotten, and neither can an exception outlive what it excused.
"""
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COMMENT = re.compile(r"/\*.*?\*/", re.S)
BODY = re.compile(r"\{[^{}]*\}", re.S)
# At the left margin: a type, a name, arguments.
FUNCTION = re.compile(r"^(?!typedef|#|_Static)[A-Za-z_][\w \t*]*?[ *](\w+)\(", re.M)
NOT_NAMES = {"__attribute__", "__asm__", "aligned", "section", "visibility"}


def declared(path):
    """The functions of a header, macros left out."""
    with open(path, encoding="utf-8") as file:
        text = COMMENT.sub("", file.read())
    text = re.sub(r"^#.*?(?<!\\)$", "", text, flags=re.M | re.S)
    while BODY.search(text):
        text = BODY.sub(";", text)
    text = re.sub(r"__attribute__\(\(.*?\)\)(?=[\s;(])", "", text, flags=re.S)
    return set(FUNCTION.findall(text)) - NOT_NAMES


def headers():
    """{"mm/slab.h": {"kmalloc", ...}, ...}"""
    paths = glob.glob(f"{ROOT}/mm/*.h") + glob.glob(f"{ROOT}/pagetables/*.h")
    return {os.path.relpath(path, ROOT): declared(path) for path in sorted(paths)}


def exceptions():
    """{"mm/zone.h": reason, "fail_arm": reason, ...}"""
    found = {}
    with open(f"{HERE}/exceptions.txt", encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                names, reason = line.split(": ", 1)
                found.update({name: reason.strip() for name in names.split()})
    return found


def problems(tested):
    """What is wrong; `tested`: names from the driver's tables, with a remark behind some of them."""
    tested = {name.split(" ")[0] for name in tested if not name.startswith("(")}
    excused, everything, wrong = exceptions(), headers(), []
    names = set().union(*everything.values())
    for header, functions in everything.items():
        if header in excused:
            wrong += [f"{name} is called, though exceptions.txt leaves out all of {header}"
                      for name in sorted(functions & tested)]
        else:
            wrong += [f"{name} of {header} is neither called nor in exceptions.txt"
                      for name in sorted(functions - tested - excused.keys())]
    wrong += [f"{name} is called, but no header declares it" for name in sorted(tested - names)]
    wrong += [f"{name} is in exceptions.txt, but is {'called' if name in tested else 'no more'}"
              for name in sorted(excused.keys())
              if name in tested or (name not in names and name not in everything)]
    return wrong
