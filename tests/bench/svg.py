# SPDX-License-Identifier: BSD-2-Clause
"""Two kinds of picture, as SVG text: curves over logarithmic axes, and bars."""
import math

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 150, 36, 52
COLOURS = ("#1b6ca8", "#c1440e", "#3b7d3a", "#7a4aa0")


def text(x, y, words, anchor="middle", extra=""):
    words = str(words).replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{words}</text>'


def line(x1, y1, x2, y2, colour="#ccc"):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def document(title, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">')
    white = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    name = text(LEFT, 22, title, "start", ' font-size="14" font-weight="bold"')
    return "\n".join([head, white, name, *parts, "</svg>", ""])


def short(value):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


class Axis:
    """A logarithmic axis: whole decades from below the smallest value to above the largest."""

    def __init__(self, values, start, end):
        positive = [value for value in values if value > 0]
        self.low = math.floor(math.log10(min(positive)))
        self.high = max(math.ceil(math.log10(max(positive))), self.low + 1)
        self.start, self.end = start, end

    def place(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def decades(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def curves(title, x_name, y_name, series):
    """`series`: name -> [(x, y), ...], all above 0."""
    points = [point for curve in series.values() for point in curve]
    across = Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = Axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = []
    for x in across.decades():
        at = across.place(x)
        parts += [line(at, TOP, at, HEIGHT - BOTTOM), text(at, HEIGHT - BOTTOM + 18, short(x))]
    for y in up.decades():
        at = up.place(y)
        parts += [line(LEFT, at, WIDTH - RIGHT, at), text(LEFT - 8, at + 4, short(y), "end")]
    for (name, curve), colour in zip(series.items(), COLOURS):
        places = [(across.place(x), up.place(y)) for x, y in curve]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(text(places[-1][0] + 8, places[-1][1] + 4, name, "start",
                          f' fill="{colour}"'))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_name))
    parts.append(text(LEFT, TOP - 4, y_name, "middle", ' font-size="11"'))
    return document(title, parts)


def bars(title, x_name, names, series):
    """`series`: name -> [height, ...], one for each of `names`; heights on a logarithmic axis."""
    up = Axis([value for heights in series.values() for value in heights] + [1],
              HEIGHT - BOTTOM, TOP)
    step = (WIDTH - LEFT - RIGHT) / len(names)
    width = step * 0.8 / len(series)
    parts = []
    for y in up.decades():
        at = up.place(y)
        parts += [line(LEFT, at, WIDTH - RIGHT, at), text(LEFT - 8, at + 4, short(y), "end")]
    for i, name in enumerate(names):
        parts.append(text(LEFT + (i + 0.5) * step, HEIGHT - BOTTOM + 18, name))
    for k, ((name, heights), colour) in enumerate(zip(series.items(), COLOURS)):
        for i, value in enumerate(heights):
            if value > 0:
                top = min(up.place(value), HEIGHT - BOTTOM - 2)
                parts.append(f'<rect x="{LEFT + (i + 0.1) * step + k * width:.1f}" y="{top:.1f}" '
                             f'width="{width:.1f}" height="{HEIGHT - BOTTOM - top:.1f}" '
                             f'fill="{colour}"/>')
        parts.append(text(WIDTH - RIGHT + 12, TOP + 16 * (k + 1), name, "start",
                          f' fill="{colour}"'))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_name))
    return document(title, parts)
