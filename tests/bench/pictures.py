# SPDX-License-Identifier: BSD-2-Clause
"""The pictures of a run: the curve of scale, and the histogram of latency."""
import os

import svg

SCALE_CURVES = {"growth": "one more", "pair": "pair", "uncached": "pair, no cache",
                "replacement": "replace any"}


def scale(points):
    curves = {title: [(point["areas"], point[name]) for point in points]
              for name, title in SCALE_CURVES.items()}
    return svg.curves("One page, with more and more live areas", "live areas",
                      points[0]["unit"], curves)


def latency(calls):
    octaves = sorted({start for call in calls for start, _ in call["octaves"]})
    series = {call["call"]: [dict(call["octaves"]).get(start, 0) for start in octaves]
              for call in calls}
    names = [svg.short(start) for start in octaves]
    return svg.bars("Single calls, by what they cost (from ... to twice that)",
                    calls[0]["unit"], names, series)


def write(figures, folder):
    """FOLDER/scale.svg and FOLDER/latency.svg, where there are figures for them."""
    for name, draw in (("scale", scale), ("latency", latency)):
        if figures[name]:
            with open(os.path.join(folder, name + ".svg"), "w", encoding="utf-8") as file:
                file.write(draw(figures[name]))
