"""The house: which folder imports which, read from the sources, and a picture of it.

Rooms are folders. What a room imports lies below it, so every arrow of the picture points down.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from html import escape
from itertools import combinations, pairwise
from pathlib import Path
from statistics import mean

import numpy as np
from scipy.optimize import isotonic_regression

from scripts.bootstrap import ROOT

OUT = ROOT / ".build" / "house.json"
TOPS = ("adapters_np", "demos", "scripts")
KINDS = ("py", "js", "mjs")
BASE = "scripts/bootstrap.py"  # a room of its own: every step needs it, and it needs nothing
GROUND = (BASE, "scripts/cache.py", "scripts/imports.py")  # what lies in that room

HOLDS = {
    "scripts": "what a person runs: set-up, build, checks, server, measurements",
    "scripts/finish": "HTML in, HTML out: mathematics, heads, bundles, policy, compression",
    "scripts/stored": "what is computed before a visit: pictures, answers, comparisons, cards",
    "scripts/pyodide": "Python for the browser: fetched, verified, made",
    "scripts/pyodide/surgery": "Python for the browser: trimmed, split, packed, started once",
    "scripts/macros": "what pages call: tables, plots, lists, this picture",
    "scripts/studies": "longer computations whose results are committed",
    "scripts/survey": "the ground floor: numbers and what follows from them",
    "scripts/catalog": "records of all methods, their checks, and files for machines",
    "scripts/bootstrap.py": "finds and installs what all steps need",
    "demos/lab": "the lab: tables to open, the frontier, a reader's adapter and change",
    "demos/widget": "the two elements: controls, drawing, export",
    "demos/cell": "the editor in the place of a listing",
    "demos/python": "Python in a worker: start, requests, readers' code",
    "demos/python/surgery": "the packed Python: its files, its memory, the parts that come late",
    "demos/page": "what every page needs: loading, storage, tables, the calculator",
    "demos/examples": "the programs of the playground",
    "demos": "the toy layer and what is measured in it",
    "adapters_np/methods": "the adapters, a module each",
    "adapters_np": "what adapters share: base classes, knobs, linear algebra",
}

MOST = 3  # rooms on a level: a phone has no room for more

Graph = Mapping[str, list[str]]


# Reading ------------------------------------------------------------------------------------------


def read(root: Path = ROOT) -> dict[str, list[str]]:
    """Return for every room the rooms that it imports, both in order."""
    found: dict[str, set[str]] = {}
    for top in TOPS:
        for path in (root / top).rglob("*.*"):
            if path.suffix[1:] in KINDS:
                imported = {room(file, root) for file in imports(path, root)}
                found.setdefault(room(path, root), set()).update(imported)
    return {name: sorted(found[name] - {name}) for name in sorted(found)}


def room(path: Path, root: Path = ROOT) -> str:
    """Return the room of a file."""
    name = path.relative_to(root).as_posix()
    return BASE if name in GROUND else name.rpartition("/")[0]


@cache
def doors() -> dict[str, str]:
    """Return where an import leads that package.json names, in a build without settings."""
    named = json.loads((ROOT / "package.json").read_text("utf-8"))["imports"]
    return {name: leads["default"] for name, leads in named.items()}


def imports(path: Path, root: Path = ROOT) -> Iterator[Path]:
    """Yield the project's files that a file imports."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        names = list(_names(ast.parse(text)))
    else:
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)  # types are named in comments
        for address in re.findall(r'\b(?:from|import)\s*\(?\s*"([.#][^"]+)"', text):
            door = doors().get(address)
            yield (root / door if door else path.parent / address).resolve()
        names = re.findall(r'pyimport\("([\w.]+)"\)', text)
    for name in names:
        start = root.joinpath(*name.split("."))
        for file in (start.with_suffix(".py"), start / "__init__.py"):
            if file.is_file():
                yield file


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def levels(graph: Graph) -> dict[str, int]:
    """Return the level of every room: the ground is 0, and all that a room imports lies below it.

    Where a level is full, a room goes to the next one, those first that carry no other.

    Raises:
        ValueError: when rooms import each other; the text names them.
    """
    depth: dict[str, int] = {}
    try:
        for name in TopologicalSorter(graph).static_order():
            depth[name] = 1 + max((depth[other] for other in graph[name]), default=-1)
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise ValueError(
            f"folders import each other: {circle}. An arrow between folders goes one way: "
            "move what both need into the lower one."
        ) from error
    carry = {other for name in graph for other in graph[name]}
    found: dict[str, int] = {}
    for name in sorted(depth, key=lambda name: (depth[name], name not in carry, name)):
        level = 1 + max((found[other] for other in graph[name]), default=-1)
        while list(found.values()).count(level) == MOST:
            level += 1
        found[name] = level
    return found


def direct(graph: Graph) -> list[tuple[str, str]]:
    """Return the arrows that no way along others stands for.

    >>> direct({"roof": ["ground", "wall"], "wall": ["ground"], "ground": []})
    [('roof', 'wall'), ('wall', 'ground')]
    """

    def below(name: str) -> set[str]:
        return {name}.union(*(below(other) for other in graph[name]))

    return [
        (name, other)
        for name in graph
        for other in graph[name]
        if not any(other in below(between) for between in graph[name] if between != other)
    ]


# Drawing ------------------------------------------------------------------------------------------

BOX, HEIGHT, STEP, LANE, GAP = 92, 34, 58, 8, 5
SWEEPS = 12

Node = tuple[int, str, str]  # a level, and there a room, twice, or an arrow that passes between two
Orders = list[list[Node]]  # of each level, from left to right


def picture(graph: Graph) -> str:
    """Return the rooms and the arrows between them as inline SVG."""
    level = levels(graph)
    arrows = [
        [
            (level[a], a, a),
            *((k, a, b) for k in range(level[a] - 1, level[b], -1)),
            (level[b], b, b),
        ]
        for a, b in direct(graph)
    ]
    rooms = [(level[name], name, name) for name in graph]
    order = _order(rooms, arrows)
    width = max(sum(map(_width, row)) + GAP * (len(row) - 1) for row in order)
    x = _spread(order, arrows, width)
    top = {node: 1 + STEP * (max(level.values()) - node[0]) for node in x}
    drawn = [_arrow([(x[node], top[node]) for node in arrow]) for arrow in arrows]
    drawn += [_box(node[1], x[node], top[node]) for node in rooms]
    height = max(top.values()) + HEIGHT + 1
    label = (
        f"{len(rooms)} rooms on {len(set(level.values()))} levels; the table below says the same"
    )
    return (
        f'<svg class="house" viewBox="-1 0 {width + 2} {height}" role="img" '
        f'aria-label="{label}" xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}</svg>'
    )


def _box(name: str, x: float, y: float) -> str:
    wing, _, last = name.rpartition("/")
    lines = [("wing", f"{wing}/", y + 13), ("", last, y + 27)] if wing else [("", last, y + 21)]
    texts = "".join(
        f'<text class="{kind}" x="{x:.1f}" y="{line}">{escape(text)}</text>'
        for kind, text, line in lines
    )
    left = x - BOX / 2
    return (
        f'<g class="{name.split("/")[0]}">'
        f'<rect x="{left:.1f}" y="{y}" width="{BOX}" height="{HEIGHT}" rx="4"/>{texts}</g>'
    )


def _arrow(points: list[tuple[float, float]]) -> str:
    """Return an arrow from the foot of the first point to the head of the last one."""
    path = f"M{points[0][0]:.1f} {points[0][1] + HEIGHT}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + HEIGHT + y1) / 2
        path += f"V{y0 + HEIGHT}C{x0:.1f} {middle} {x1:.1f} {middle} {x1:.1f} {y1}"
    x, y = points[-1]
    return f'<path d="{path}M{x - 3:.1f} {y - 6}L{x:.1f} {y}L{x + 3:.1f} {y - 6}"/>'


def _order(rooms: list[Node], arrows: Orders) -> Orders:
    """Return the nodes of each level in the order in which the fewest arrows cross."""
    joined = _joined(arrows)
    nodes = sorted({*rooms, *(node for arrow in arrows for node in arrow)}, key=lambda n: n[1:])
    order = [[n for n in nodes if n[0] == k] for k in range(1 + max(n[0] for n in nodes))]
    best = order
    for sweep in range(SWEEPS):
        before = 1 if sweep % 2 else -1  # the level that is in order already: above, or below
        order = [list(row) for row in order]
        for row in order[::-before]:
            place = {node: i / len(row) for row in order for i, node in enumerate(row)}
            middle = {
                node: mean(place[n] for n in near) if near else place[node]
                for node in row
                for near in [[n for n in joined.get(node, []) if n[0] == node[0] + before]]
            }
            row.sort(key=middle.__getitem__)
        best = min(best, order, key=lambda rows: _crossings(rows, arrows))
    return best


def _crossings(order: Orders, arrows: Orders) -> int:
    place = {node: i for row in order for i, node in enumerate(row)}
    steps = [step for arrow in arrows for step in pairwise(arrow)]
    return sum(
        (place[a] - place[c]) * (place[b] - place[d]) < 0
        for (a, b), (c, d) in combinations(steps, 2)
        if a[0] == c[0]
    )


def _width(node: Node) -> int:
    return BOX if node[1] == node[2] else LANE


def _spread(order: Orders, arrows: Orders, width: float) -> dict[Node, float]:
    """Return the x of every node: in order, apart, and as near as can be to what it joins."""
    joined = _joined(arrows)
    x = {node: width * (i + 0.5) / len(row) for row in order for i, node in enumerate(row)}
    for _ in range(4 * SWEEPS):
        for row in order:
            half = np.array([_width(node) / 2 for node in row])
            start = np.cumsum([half[0], *(half[:-1] + half[1:] + GAP)])  # all as far left as can be
            wanted = [mean(x[n] for n in joined.get(node, [node])) for node in row]
            weights = [1 if a == b else 9 for _, a, b in row]  # a long arrow should be straight
            moved = isotonic_regression(wanted - start, weights=weights).x
            room = max(0.0, width - half[-1] - start[-1])
            x |= zip(row, (start + np.clip(moved, 0, room)).tolist(), strict=True)
    return x


def _joined(arrows: Orders) -> dict[Node, list[Node]]:
    found: dict[Node, list[Node]] = {}
    for arrow in arrows:
        for upper, lower in pairwise(arrow):
            found.setdefault(upper, []).append(lower)
            found.setdefault(lower, []).append(upper)
    return found


# What pages and the build call --------------------------------------------------------------------


def graph() -> Graph:
    """Return what the build has read, so that pages are made anew only where a room changes."""
    found: Graph = json.loads(OUT.read_text("utf-8"))
    return found


def house() -> str:
    """Return the picture and a table that says the same.

    Raises:
        ValueError: when rooms import each other, or `HOLDS` does not say what a room holds.
    """
    rooms = graph()
    if wrong := rooms.keys() ^ HOLDS.keys():
        raise ValueError(
            f"HOLDS in {__name__} and the folders differ in {', '.join(sorted(wrong))}"
        )
    rows = "".join(
        f"<tr><th scope=row><code>{name}</code></th><td>{text}</td>"
        f"<td>{' '.join(f'<code>{other}</code>' for other in rooms[name]) or 'nothing'}</td></tr>"
        for name, text in HOLDS.items()
    )
    heads = "".join(f"<th scope=col>{head}</th>" for head in ("Room", "Holds", "Imports"))
    caption = "<caption>The rooms from the roof to the ground, and all that each imports</caption>"
    body = f"{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
    table = f'<table class="data evidence rooms">{body}</table>'
    return f'\n<div class="ah">{picture(rooms)}{table}</div>\n'


def main() -> None:
    """Read the sources for `house`."""
    OUT.write_text(json.dumps(read(), indent=1), "utf-8")


if __name__ == "__main__":
    main()
