"""A plot of the benchmark: score against a cost, a dot for each run, as SVG that fits any width.

Places across are per cent, places up are pixels, so text keeps its size on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from scripts.survey.say import number, short

HEIGHT = 380  # pixels
NARROWEST = {"wide": 600, "narrow": 260}  # pixels: labels of a kind have room from that width on
ERRORS = 2  # standard errors that a whisker reaches up and down
LETTER, LINE = 6.4, 14  # pixels that a label takes


class Dot(NamedTuple):
    """A run: who made it, what it cost, how well it did; `link` is empty without a page."""

    method: str
    run: str
    cost: float
    score: float
    error: float
    link: str


class Axis(NamedTuple):
    """The cost across, logarithmic: its name, its ends and where it has ticks."""

    name: str
    low: float
    high: float
    ticks: Sequence[float]

    def place(self, cost: float) -> float:
        """Return how far across a cost is, in per cent."""
        return 100 * math.log(cost / self.low) / math.log(self.high / self.low)


def best(dots: Sequence[Dot]) -> list[Dot]:
    """Return the dots that no dot at their cost or below outdoes, from cheap to dear."""
    found: list[Dot] = []
    for dot in sorted(dots, key=lambda d: (d.cost, -d.score)):
        if not found or dot.score > found[-1].score:
            found.append(dot)
    return found


class Plot(NamedTuple):
    """What the template draws: lines, whiskers and dots at (per cent, pixels)."""

    name: str
    axis: Axis
    unit: str
    dots: Sequence[Dot]
    top: float  # the score at the upper edge

    def x(self, cost: float) -> float:
        """Return how far across, in per cent."""
        return round(self.axis.place(cost), 2)

    def y(self, score: float) -> float:
        """Return how far down, in pixels."""
        return round(HEIGHT * (1 - min(max(score, 0), self.top) / self.top), 1)

    @property
    def height(self) -> int:
        """The height in pixels."""
        return HEIGHT

    @property
    def whisker(self) -> int:
        """How many standard errors a whisker reaches."""
        return ERRORS

    @property
    def frontier(self) -> list[Dot]:
        """The best for their cost."""
        return best(self.dots)

    @property
    def methods(self) -> list[str]:
        """All names, each once."""
        return sorted({dot.method for dot in self.dots}, key=str.lower)

    def steps(self) -> Iterator[tuple[float, float, float, float]]:
        """Yield the lines of the best score for each cost: on, then up."""
        corners = [*((self.x(d.cost), self.y(d.score)) for d in self.frontier)]
        for (x0, y0), (x1, y1) in zip(
            corners, [*corners[1:], (100.0, corners[-1][1])], strict=True
        ):
            yield x0, y0, x1, y0
            yield x1, y0, x1, y1

    def says(self, dot: Dot) -> str:
        """Return a run in words."""
        return (
            f"{dot.method}: {number(dot.score, 1)} ± {number(dot.error, 1)} {self.unit},"
            f" {short(dot.cost)} {self.axis.name}"
        )

    def labels(self, kind: str) -> Iterator[tuple[Dot, str, int, int]]:
        """Yield for the best run of a method its anchor and offsets, where its name has room."""
        best_first = sorted(self.dots, key=lambda d: -d.score)
        named = {dot.method: dot for dot in reversed(best_first)}
        places = {dot: (self.x(dot.cost), self.y(dot.score)) for dot in best_first}
        texts = {dot: dot.method for dot in best_first if named[dot.method] is dot}
        return labels(texts, places, kind, HEIGHT)


Item = TypeVar("Item", bound=Hashable)


def labels(
    texts: Mapping[Item, str], places: Mapping[Item, tuple[float, float]], kind: str, height: int
) -> Iterator[tuple[Item, str, int, int]]:
    """Yield for each text its anchor and offsets in pixels, where it has room beside its dot.

    What is free at the narrowest width is so at all others: places across move apart.

    Args:
        texts: What is written beside dots, the most important one first.
        places: Of all dots, in per cent across and pixels down.
        kind: One of `NARROWEST`.
        height: Of the plot, in pixels.
    """
    narrowest = NARROWEST[kind]
    pixels = {item: (x * narrowest / 100, y) for item, (x, y) in places.items()}
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in pixels.values()]
    for item, text in texts.items():
        (x, y), width = pixels[item], LETTER * len(text)
        for anchor, start, right, down in (
            ("end", x - 9 - width, -9, 0),
            ("start", x + 9, 9, 0),
            ("middle", x - width / 2, 0, -LINE),
            ("middle", x - width / 2, 0, LINE),
        ):
            box = (start, y + down - LINE / 2, start + width, y + down + LINE / 2)
            inside = box[0] > 0 and box[2] < narrowest and box[3] < height + LINE
            if inside and not any(_meet(box, t) for t in taken):
                taken.append(box)
                yield item, anchor, right, down + 4
                break


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
