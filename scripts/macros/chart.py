"""Lines and dots with their intervals, as SVG that fits any width.

Places across are per cent, places up are pixels, so text keeps its size on a phone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from math import log
from typing import NamedTuple

from matplotlib.ticker import LogLocator, MaxNLocator

from scripts.macros.scatter import labels
from scripts.survey.say import tick

HEIGHT = 320  # pixels
MARGIN = 0.04  # of an axis, beyond what it shows


class Axis(NamedTuple):
    """What an axis is called, its ends, and whether it is logarithmic."""

    name: str
    low: float
    high: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Return how far along a value is, from 0 to 1."""
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = log(value), log(low), log(high)
        return (min(max(value, low), high) - low) / (high - low)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Where there is a tick, and what stands there."""
        locator = LogLocator(subs=(1, 3)) if self.logarithmic else MaxNLocator(6)
        inside = [float(t) for t in locator.tick_values(self.low, self.high)]
        kept = [t for t in inside if self.low <= t <= self.high]
        return [(t, tick(t)) for t in kept]


class Point(NamedTuple):
    """A value at a place, with the ends of its interval, and in words."""

    x: float
    y: float
    low: float
    high: float
    says: str


class Line(NamedTuple):
    """Points of one kind: joined, or dots on their own."""

    name: str
    points: tuple[Point, ...]
    joined: bool = True
    link: str = ""


class Chart(NamedTuple):
    """What the template draws."""

    title: str
    x: Axis
    y: Axis
    lines: Sequence[Line]
    note: str = ""
    height: int = HEIGHT

    def across(self, value: float) -> float:
        """Return how far across a value is, in per cent."""
        return round(100 * self.x.share(value), 2)

    def down(self, value: float) -> float:
        """Return how far down a value is, in pixels."""
        return round(self.height * (1 - self.y.share(value)), 1)

    def pieces(self, line: Line) -> Iterator[tuple[float, float, float, float]]:
        """Yield the straight pieces of a line."""
        places = [(self.across(p.x), self.down(p.y)) for p in line.points]
        for start, end in itertools.pairwise(places):
            yield *start, *end


def named(chart: Chart, kind: str) -> Iterator[tuple[Line, str, int, int]]:
    """Yield for each dot of its own its anchor and offsets, where its name has room beside it."""
    places = {
        (line, i): (chart.across(p.x), chart.down(p.y))
        for line in chart.lines
        for i, p in enumerate(line.points)
    }
    texts = {(line, 0): line.name for line in chart.lines if not line.joined}
    for (line, _), anchor, right, down in labels(texts, places, kind, chart.height):
        yield line, anchor, right, down


def around(name: str, values: Sequence[float], *, logarithmic: bool = False) -> Axis:
    """Return the axis that shows all values, with a margin.

    >>> around("x", [0.0, 1.0])
    Axis(name='x', low=-0.04, high=1.04, logarithmic=False)
    """
    low, high = min(values), max(values)
    if logarithmic:
        beyond = (high / low) ** MARGIN
        return Axis(name, low / beyond, high * beyond, True)
    beyond = MARGIN * (high - low)
    return Axis(name, low - beyond, high + beyond)
