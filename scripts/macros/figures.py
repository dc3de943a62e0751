"""Figures of pages as data: demos/page/figure.js draws them when the site is finished."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

MARGIN = 0.04  # of an axis, beyond what it shows
MANY = 20  # dots, from which on a reader can search them


class Point(NamedTuple):
    """A value at a place, with its interval, in words, its run, and what a table calls it."""

    x: float
    y: float
    low: float
    high: float
    says: str
    run: str = ""
    name: str = ""


class Line(NamedTuple):
    """Points of one name: joined, joined by steps, or dots on their own.

    `link` is a page below the site's root. Its theme gives the colour where `kind` does not. What
    is `level` is a line to compare with: it is no data, and no table has it.
    """

    name: str
    points: tuple[Point, ...]
    shape: Literal["line", "steps", "dots", "level"] = "line"
    link: str = ""
    kind: str = ""


class Axis(NamedTuple):
    """A quantity with its unit, the ends of its axis, and where there are ticks, if that is set."""

    name: str
    low: float
    high: float
    log: bool = False
    ticks: tuple[float, ...] = ()


class Chart(NamedTuple):
    """Lines and dots over two axes: what they show, and the finding, if there is one to tell.

    Where it is `linked`, a dot leads to its page.
    """

    says: str
    x: Axis
    y: Axis
    lines: Sequence[Line]
    title: str = ""
    linked: bool = False

    @property
    def dots(self) -> list[Line]:
        return [line for line in self.lines if line.shape == "dots"]

    @property
    def names(self) -> list[str]:
        found = sorted({line.name for line in self.dots}, key=str.lower)
        return found if len(found) > MANY else []


class Value(NamedTuple):
    """A value in a row with the ends of its interval, and that of its control if it has one.

    `parts` are the values that it is the mean of, where they are to be seen.
    """

    x: float
    low: float
    high: float
    control: float | None = None
    parts: tuple[float, ...] = ()


class Row(NamedTuple):
    """The values of one name, one for each lane, and what stands at its right end.

    A lane in which there is none has nothing. `link` is a page below the site's root.
    """

    name: str
    values: tuple[Value | None, ...]
    kind: str = ""
    note: str = ""
    link: str = ""


class Lane(NamedTuple):
    """Properties that the values in one place of all rows have in common."""

    name: str
    symbol: Literal["circle", "diamond", "line"] = "circle"
    hollow: bool = False
    kind: str = ""


class Rows(NamedTuple):
    """Rows of dots along one axis; `sides` tell what it is to lie before `start`, and behind it.

    `band` is how far from `start` nothing is told apart, `noted` what the rows' notes are.
    """

    says: str
    x: Axis
    start: float
    sides: tuple[str, str]
    rows: Sequence[Row]
    lanes: Sequence[Lane]
    title: str = ""
    control: str = "control"
    band: float = 0
    noted: str = ""
    width: int | None = None


def coloured(line: Line, themes: Mapping[str, str]) -> str:
    """Return the name of a line's colour; without a page and a colour it is full fine-tuning."""
    return line.kind or themes.get(line.link, "full")


def drawing(figure: Chart | Rows, themes: Mapping[str, str], root: str) -> dict[str, Any]:
    """Return what the drawing of a figure needs.

    Args:
        figure: The figure.
        themes: The themes of pages, by their addresses below the site's root.
        root: The way from the page to the site's root.
    """
    if isinstance(figure, Chart):
        links = [root + line.link if line.link and figure.linked else "" for line in figure.lines]
        lines = [
            line._replace(kind=coloured(line, themes), link=link)
            for line, link in zip(figure.lines, links, strict=True)
        ]
        figure = figure._replace(lines=lines)
        linked = figure.linked
    else:
        rows = [row._replace(link=row.link and root + row.link) for row in figure.rows]
        figure = figure._replace(rows=rows)
        linked = any(row.link for row in rows)
    label = f"{figure.title or figure.says}; a table below has its values"
    role = "group" if linked else "img"
    return {"label": label, "role": role, "figure": plain(figure)}


def keys(figure: Chart | Rows, themes: Mapping[str, str], titles: Mapping[str, str]) -> list[Lane]:
    """Return what explains the colours and marks of a figure that has no names for them in it.

    Args:
        figure: The figure.
        themes: The themes of pages, by their addresses below the site's root.
        titles: What the themes are called.
    """
    if isinstance(figure, Rows):
        values = [value for row in figure.rows for value in row.values if value]
        control = any(value.control is not None for value in values)
        told = [lane for lane in figure.lanes if lane.name]
        return [*told, *([Lane(figure.control, hollow=True, kind="control")] if control else [])]
    called = {**titles, "full": "full fine-tuning", "other": "no page here"}
    found = {coloured(line, themes) for line in figure.dots}
    dots = [Lane(name, hollow=k == "other", kind=k) for k, name in called.items() if k in found]
    return [*dots, *(Lane(f.name, "line", kind=f.kind) for f in figure.lines if f.shape == "steps")]


def plain(value: Any) -> Any:
    """Return what a figure is made of for JSON: records as objects without what is empty.

    >>> plain(Axis("loss, nats", 0, 1.23456789))
    {'name': 'loss, nats', 'low': 0, 'high': 1.23457}
    """
    if hasattr(value, "_asdict"):
        found = {k: plain(v) for k, v in value._asdict().items() if v is not None}
        return {k: v for k, v in found.items() if v is not False and v not in ("", [])}
    if isinstance(value, (list, tuple)):
        return [plain(v) if v is not None else None for v in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def around(name: str, values: Iterable[float], *, log: bool = False) -> Axis:
    """Return the axis that shows all values, with a margin; powers of two are its ticks.

    >>> around("x", [0.0, 1.0])
    Axis(name='x', low=-0.04, high=1.04, log=False, ticks=())
    >>> around("rank", [1, 2, 4], log=True).ticks
    (1, 2, 4)
    """
    found = sorted(set(values))
    low, high = found[0], found[-1]
    if not log:
        beyond = MARGIN * (high - low)
        return Axis(name, low - beyond, high + beyond)
    beyond = (high / low) ** MARGIN
    powers = all(float(np.log2(value)).is_integer() for value in found)
    return Axis(name, low / beyond, high * beyond, True, tuple(found) if powers else ())


def frontier(lines: Iterable[Line]) -> Iterator[tuple[Line, Point]]:
    """Yield the points that none at their place or before it outdoes, from left to right."""
    points = [(line, point) for line in lines for point in line.points]
    highest = -np.inf
    for line, point in sorted(points, key=lambda found: (found[1].x, -found[1].y)):
        if point.y > highest:
            yield line, point
            highest = point.y
