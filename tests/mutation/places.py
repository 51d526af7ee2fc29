# SPDX-License-Identifier: BSD-2-Clause
"""Where C code can be broken by one small change, and how.

Text alone, no compiler: comments, strings and preprocessor lines are blanked, the rest is cut into
tokens, and only what stands in functions is looked at. Left out are ASSERT(), which tells of what
cannot happen; lines with a reason in their comment why no test reaches them ("unreached: ..."), with
the block or the statement that they open; and the equal case of "a < b ? a : b", where both are the
same.
"""
import collections
import re

Place = collections.namedtuple("Place", "path line column kind start end new")

BLANK = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
                   r"|^[ \t]*\#(?:\\\n|[^\n])*", re.S | re.M)
TOKEN = re.compile(r"[A-Za-z_]\w*|0[xX][0-9a-fA-F]+\w*|\d\w*|<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!="
                   r"|&&|\|\||[-+*/%&|^]=|[^\s\w]")
UNREACHED = re.compile(r"/\* unreached: ")

# What each operator becomes: (kind, new text).
OPERATORS = {
    "==": [("comparison", "!=")], "!=": [("comparison", "==")],
    "<": [("comparison", ">="), ("off by one", "<=")],
    "<=": [("comparison", ">"), ("off by one", "<")],
    ">": [("comparison", "<="), ("off by one", ">=")],
    ">=": [("comparison", "<"), ("off by one", ">")],
    "&&": [("comparison", "||")], "||": [("comparison", "&&")],
    "+": [("operator", "-")], "-": [("operator", "+")],
    "<<": [("operator", ">>")], ">>": [("operator", "<<")],
    "&": [("operator", "|")], "|": [("operator", "&")],
    "+=": [("operator", "-=")], "-=": [("operator", "+=")],
    "&=": [("operator", "|=")], "|=": [("operator", "&=")],
    "++": [("operator", "--")], "--": [("operator", "++")],
}
TWO_SIDED = {"+", "-", "&", "<", ">"}
NO_VALUE = {"return", "case", "sizeof", "else", "do", "goto", "typedef", "extern", "static", "inline",
            "const", "volatile", "struct", "union", "enum", "unsigned", "int", "long", "char", "void"}
NO_CALL = {"if", "while", "for", "switch", "return", "sizeof", "case", "do", "else", "defined",
           "__attribute__", "_Static_assert", "_Alignof", "__builtin_expect", "likely", "unlikely",
           "container_of", "offsetof"}
# What cannot happen, and what only hints at the compiler or the CPU.
NO_EFFECT = {"ASSERT", "platform_pause", "__builtin_prefetch", "assert_unreachable"}


def blanked(text):
    return BLANK.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


class Tokens:
    """The tokens of a file, and for every bracket the one that belongs to it."""

    def __init__(self, text):
        found = list(TOKEN.finditer(blanked(text)))
        self.text = [token.group() for token in found]
        self.start = [token.start() for token in found]
        self.end = [token.end() for token in found]
        self.partner = {}
        self._match()

    def __len__(self):
        return len(self.text)

    def _match(self):
        open_ones = []
        for i, token in enumerate(self.text):
            if token in "([{":
                open_ones.append(i)
            elif token in ")]}" and open_ones:
                self.partner[i] = open_ones[-1]
                self.partner[open_ones.pop()] = i

    def functions(self):
        """(first, last) token of each function's body."""
        i = 0
        while i < len(self):
            if self.text[i] == "{" and i in self.partner:
                if i and self.text[i - 1] == ")":
                    yield i, self.partner[i]
                i = self.partner[i]
            i += 1

    def is_value_end(self, i):
        token = self.text[i]
        return token in (")", "]") or (re.match(r"\w", token) and token not in NO_VALUE)


def is_name(token):
    return re.match(r"[A-Za-z_]", token) is not None


def arguments(tokens, opening):
    """(first, last) token of each argument of the call whose bracket is at `opening`."""
    result, first, i, end = [], opening + 1, opening + 1, tokens.partner[opening]
    while i < end:
        if tokens.text[i] in "([{":
            i = tokens.partner[i]
        elif tokens.text[i] == ",":
            result.append((first, i - 1))
            first = i + 1
        i += 1
    if first < end:
        result.append((first, end - 1))
    return result


def next_number(token):
    match = re.match(r"(0[xX][0-9a-fA-F]+|\d+)(\w*)$", token)
    if not match:
        return None
    value = int(match.group(1), 0 if match.group(1)[:2].lower() == "0x" else 10)
    form = "{:#x}{}" if match.group(1)[:2].lower() == "0x" else "{}{}"
    return form.format(value + 1, match.group(2))


def changes_of_token(tokens, i):
    token = tokens.text[i]
    if token in ("true", "false"):
        yield "constant", "false" if token == "true" else "true"
    elif token[0].isdigit():
        new = next_number(token)
        if new:
            yield "constant", new
    elif token == "!" and is_name(tokens.text[i + 1]):
        yield "comparison", ""
    elif token in OPERATORS and (token not in TWO_SIDED or tokens.is_value_end(i - 1)):
        yield from OPERATORS[token]


def changes_of_call(tokens, text, i):
    """A call whose name is token `i`: dropped, where its result is not used; arguments swapped."""
    closing = tokens.partner[i + 1]
    if tokens.text[i - 1] in (";", "{", "}") or (
            tokens.text[i - 1] == ")" and i - 1 in tokens.partner
            and tokens.text[tokens.partner[i - 1] - 1] in ("if", "for", "while")):
        if tokens.text[closing + 1] == ";":
            yield "dropped call", tokens.start[i], tokens.end[closing], ""
    given = arguments(tokens, i + 1)
    for (a, b), (c, d) in zip(given, given[1:]):
        first, second = text[tokens.start[a]:tokens.end[b]], text[tokens.start[c]:tokens.end[d]]
        if first != second and '"' not in first + second:
            between = text[tokens.end[b]:tokens.start[c]]
            yield ("swapped argument", tokens.start[a], tokens.end[d], second + between + first)


def chooses_the_other(line):
    """Whether all comparisons of a line choose the smaller or the larger of what they compare."""
    sides = re.search(r"([^=(,?:<>]+?) [<>]=? ([^=(,?:<>]+?) \? (.+?) : ([^:;,)]+)", line)
    if not sides:
        return False
    left, right, yes, no = (side.strip() for side in sides.groups())
    left = left.removeprefix("return ")
    return {left, right} == {yes, no}


def unreached(lines):
    """The numbers of lines that no test reaches: those that say so, and what they open."""
    left_out = set()
    for i, line in enumerate(lines):
        if not UNREACHED.search(line):
            continue
        alone = line.strip().startswith("/*")  # in front of the line that it means
        left_out.update((i + 1, i + 2) if alone else (i + 1,))
        indent = len(line) - len(line.lstrip("\t"))
        for j in range(i + 1 + alone, len(lines)):
            here = len(lines[j]) - len(lines[j].lstrip("\t"))
            if lines[j].strip() and (here < indent or here == indent and lines[j].strip() != "{"):
                break
            left_out.add(j + 1)
    return left_out


def changes_in(tokens, text, first, last):
    i = first + 1
    while i < last:
        token = tokens.text[i]
        if token in NO_EFFECT and tokens.text[i + 1] == "(":
            i = tokens.partner[i + 1] + 1
            continue
        if is_name(token) and token not in NO_CALL and tokens.text[i + 1] == "(":
            yield from changes_of_call(tokens, text, i)
        for kind, new in changes_of_token(tokens, i):
            yield kind, tokens.start[i], tokens.end[i], new
        i += 1


def places(path, text):
    """Every change that can be made to the functions of one file."""
    tokens, lines = Tokens(text), text.split("\n")
    left_out = unreached(lines)
    for first, last in tokens.functions():
        for kind, start, end, new in changes_in(tokens, text, first, last):
            line = text.count("\n", 0, start) + 1
            if kind == "off by one" and chooses_the_other(lines[line - 1]):
                continue
            if line not in left_out:
                column = start - text.rfind("\n", 0, start)
                yield Place(path, line, column, kind, start, end, new)
