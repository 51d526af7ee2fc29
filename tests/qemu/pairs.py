# SPDX-License-Identifier: BSD-2-Clause
"""Few rows in which any two values of any two parameters meet. The same parameters give the same
rows always: nothing is drawn.

A row is a tuple, a value for each parameter, which is a tuple of its values. `allowed(row)` says
which rows can be; `shows(row, values)` whether the row is of any use for some of its values, given
as (number of the parameter, value), as it is not where the run is refused for the sake of another.
"""
import itertools


def shown_by(row, shows, together=2):
    """The pairs of the row, or so many values `together`, that it is of use for."""
    return frozenset(values for values in itertools.combinations(enumerate(row), together)
                     if shows(row, values))


def all_rows(parameters, allowed):
    return [row for row in itertools.product(*parameters) if allowed(row)]


def choose(rows, shows, wanted=None, most=None, together=2):
    """Rows of `rows`, each the one that shows most of what is still `wanted` (all pairs that can be
    shown, or all of so many values `together`), until all is, or there are `most`; of two as good,
    the one whose values were used less."""
    shown = {row: shown_by(row, shows, together) for row in rows}
    wanted = set(wanted or frozenset().union(*shown.values()))
    chosen, used = [], {}
    while wanted and (most is None or len(chosen) < most):
        best = max(rows, key=lambda row: (len(shown[row] & wanted),
                                          -sum(used.get(value, 0) for value in enumerate(row))))
        if not shown[best] & wanted:
            break
        chosen.append(best)
        wanted -= shown[best]
        for value in enumerate(best):
            used[value] = used.get(value, 0) + 1
    return chosen


def with_more(chosen, rows, number, shows):
    """`chosen`, and behind them as many of `rows` as make them `number`: those that show most
    triples that no row has shown."""
    rest = [row for row in rows if row not in chosen]
    wanted = frozenset().union(*(shown_by(row, shows, 3) for row in rest))
    wanted -= frozenset().union(*(shown_by(row, shows, 3) for row in chosen))
    return chosen + choose(rest, shows, wanted, number - len(chosen), 3)


def meeting_every_value(rows, number, shows):
    """`number` of `rows` by which every value is shown, and then as many pairs as can be."""
    values = {row: shown_by(row, shows, 1) for row in rows}
    missing = set().union(*values.values())
    chosen = []
    while missing:
        chosen.append(max(rows, key=lambda row: len(missing & values[row])))
        missing -= values[chosen[-1]]
    wanted = frozenset().union(*(shown_by(row, shows) for row in rows))
    wanted -= frozenset().union(*(shown_by(row, shows) for row in chosen))
    rest = [row for row in rows if row not in chosen]
    chosen += choose(rest, shows, wanted, number - len(chosen))
    return [row for row in rows if row in chosen]
