"""Paint a portrait's SVG with matplotlib, for pictures that are no part of a page.

It knows what demos/portrait/svg.js writes and no more: paths of straight lines and arcs of circles,
circles, words, and cells as short strokes in a group that is moved and scaled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as Tree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from adapters_np.linalg import Array
from scripts.bootstrap import ROOT

STYLE = ROOT / "docs" / "assets" / "theme.css"
COMMAND = re.compile(r"([MLhvAz])([^MLhvAz]*)")
Colours = dict[str, str]
"""A colour for each class of a shape."""


def colours(theme: str, style: str, **neutral: str) -> Colours:
    """Return a theme's light colours from theme.css; `neutral` are ink, soft, faint and paper.

    Raises:
        ValueError: when the style sheet has no colour for the theme.
    """
    of = dict(re.findall(r"^  --of-(\w+): (#\w+);", style, re.MULTILINE))
    if theme not in of:
        raise ValueError(f"{STYLE} has no colour --of-{theme}")
    pairs = {"strength": "gain", "orthogonality": "rank", "architecture": "rank"}
    return {"own": of[theme], "other": of[pairs.get(theme, "orthogonality")], **neutral}


def paint(ax: Axes, svg: str, colour: Colours, pixels: float) -> None:
    """Draw an SVG into axes.

    Args:
        ax: Its axes, which take the drawing's field as limits, without ticks.
        colour: A colour for each class.
        pixels: How many pixels of a hundredth of an inch a unit of the drawing has.
    """
    root = Tree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.axis("off")
    for order, (shape, place) in enumerate(_shapes(root)):
        name = shape.attrib["class"].split()
        look: dict[str, Any] = {
            "alpha": float(shape.get("opacity", 1)),
            "zorder": order,
            "clip_on": False,
        }
        if shape.tag == "text":
            x, y = float(shape.attrib["x"]), float(shape.attrib["y"])
            size = float(shape.attrib["font-size"]) * pixels * 0.72
            ax.text(x, y, shape.text or "", size=size, color=colour[name[0]], ha="center", **look)
        elif place is not None:
            cells = _cells(shape.attrib["d"], *place)
            ax.add_patch(PathPatch(cells, color=colour[name[0]], lw=0, **look))
        elif "f" in name:
            ax.add_patch(PathPatch(_outline(shape), color=colour[name[0]], lw=0, **look))
        else:
            wide = float(shape.attrib["stroke-width"])
            dash = [float(v) / wide for v in shape.get("stroke-dasharray", "").split()]
            line = {"lw": wide * pixels * 0.72, "ls": (0, tuple(dash)) if dash else "-"}
            patch = PathPatch(
                _outline(shape), fill=False, edgecolor=colour[name[0]], capstyle="round",
                joinstyle="round", **line, **look,
            )  # fmt: skip
            ax.add_patch(patch)


Place = tuple[Array, Array, float]
"""The start of a group, its scale, and the height of a cell."""


def _shapes(root: Tree.Element) -> Iterator[tuple[Tree.Element, Place | None]]:
    for child in root:
        if child.tag == "g":
            numbers = [float(v) for v in re.findall(r"-?[\d.]+", child.attrib["transform"])]
            high = float(child.attrib["stroke-width"])
            place = np.array(numbers[:2]), np.array(numbers[2:]), high
            yield from ((cell, place) for cell in child)
        else:
            yield child, None


def _cells(d: str, start: Array, scale: Array, high: float) -> Outline:
    """Return strokes of a height as rectangles."""
    corners = []
    for x, y, long in re.findall(r"M(\d+) (\d+)h([\d.]+)", d):
        left, right, middle = float(x), float(x) + float(long), float(y)
        low, top = middle - high / 2, middle + high / 2
        corners.append([(left, low), (right, low), (right, top), (left, top), (left, low)])
    points = start + scale * np.array(corners).reshape(-1, 2)
    codes = [Outline.MOVETO, *[Outline.LINETO] * 3, Outline.CLOSEPOLY] * len(corners)
    return Outline(points, codes)


def _outline(shape: Tree.Element) -> Outline:
    """Return the line of a path or a circle."""
    if shape.tag == "circle":
        x, y, r = (float(shape.attrib[name]) for name in ("cx", "cy", "r"))
        return Outline.circle((x, y), r)
    points: list[Array] = []
    codes: list[int] = []
    for letter, rest in COMMAND.findall(shape.attrib["d"]):
        numbers = [float(v) for v in rest.split()]
        new = _reached(letter, numbers, points)
        points += new
        first = {"M": Outline.MOVETO, "z": Outline.CLOSEPOLY}.get(letter, Outline.LINETO)
        codes += [int(first)] * len(new)
    return Outline(np.array(points), codes)


def _reached(letter: str, numbers: list[float], points: list[Array]) -> list[Array]:
    """Return the points to which a command leads on from those before."""
    if letter in "ML":
        return [np.array(numbers)]
    if letter in "hv":
        return [points[-1] + (np.array([numbers[0], 0]) if letter == "h" else [0, numbers[0]])]
    if letter == "z":
        return [points[-1]]
    radius, _, _, large, sweep, *end = numbers
    start, goal = points[-1], np.array(end)
    half = (goal - start) / 2
    across = np.array([-half[1], half[0]]) / max(float(np.hypot(*half)), 1e-9)
    away = np.sqrt(max(radius**2 - float(half @ half), 0.0)) * (1 if large != sweep else -1)
    middle = start + half + away * across
    first, last = (np.arctan2(*(p - middle)[::-1]) for p in (start, goal))
    turn = (last - first) % (2 * np.pi) if sweep else -((first - last) % (2 * np.pi))
    angles = first + turn * np.linspace(0, 1, 25)[1:]
    return [middle + radius * np.array([np.cos(a), np.sin(a)]) for a in angles]
