# SPDX-License-Identifier: BSD-2-Clause
"""The manuals: what they tell people to type exists, and what exists is told."""
import glob
import os
import re

from check import ROOT, check

TYPED = re.compile(r"(?:^    |`|^\$ |: |sudo )(?:sudo )?make ([a-z][a-z-]*)", re.MULTILINE)
LINK = re.compile(r"\]\(([^):#]+)\)")
PHONY = re.compile(r"^\.PHONY: (.*)$", re.MULTILINE)
HELP = re.compile(r"^#: {1,3}(.*)$", re.MULTILINE)
WITHOUT_HELP = {"help", "FORCE", "mcdc-compiler"}


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def manuals():
    return [path for pattern in ("*.md", ".github/*.md", "*/*.md", "tests/*/*.md")
            for path in glob.glob(os.path.join(ROOT, pattern))]


def targets():
    return {name for names in PHONY.findall(text_of(os.path.join(ROOT, "Makefile")))
            for name in names.split()} - {"FORCE"}


@check("manual.targets", "every make target that a manual names is one")
def manual_targets(context):
    known = targets()
    found = [(os.path.relpath(path, ROOT), name) for path in manuals()
             for name in TYPED.findall(text_of(path))]
    context.require(len(found) > 30, f"only {len(found)} commands were found")
    unknown = sorted({f"{path}: make {name}" for path, name in found if name not in known})
    context.require(not unknown, "; ".join(unknown))


@check("manual.help", "make help tells of every target")
def manual_help(context):
    told = " ".join(HELP.findall(text_of(os.path.join(ROOT, "Makefile"))))
    missing = [name for name in sorted(targets() - WITHOUT_HELP)
               if not re.search(rf"(?<![\w-]){name}(?![\w-])", told)]
    context.require(not missing, "make help does not tell of: " + ", ".join(missing))


@check("manual.links", "every file that a manual links to is there")
def manual_links(context):
    links = [(path, link) for path in manuals() for link in LINK.findall(text_of(path))]
    context.require(len(links) > 10, f"only {len(links)} links were found")
    dead = [f"{os.path.relpath(path, ROOT)}: {link}" for path, link in links
            if not os.path.exists(os.path.join(os.path.dirname(path), link))]
    context.require(not dead, "; ".join(dead))
