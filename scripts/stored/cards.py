"""Draw the pictures that links to the site show elsewhere, from each method's own ΔW.

A picture's name ends in the hash of what it is made of, so it is drawn once and may be cached for
ever.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from adapters_np.linalg import Array
from demos.probe import probe
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.catalog.records import Method

WIDTH, HEIGHT = 1200, 630
INK, SOFT, PAPER = "#1c2230", "#5b6475", "#ffffff"
HEATMAP = ROOT / "demos" / "widget" / "heatmap.js"
SITE = "Adapters as Hypotheses"


def colours(script: str) -> LinearSegmentedColormap:
    """Return the colours of the widget's heatmap on white, from the text of its script.

    Raises:
        ValueError: when the script does not name them as it did.
    """
    found = dict(re.findall(r"^export const (BELOW|ABOVE) = \[([\d, ]+)\];$", script, re.MULTILINE))
    if len(found) != 2:
        raise ValueError(f"{HEATMAP} does not export BELOW and ABOVE as three numbers each")
    below, above = ([int(v) / 255 for v in found[k].split(",")] for k in ("BELOW", "ABOVE"))
    return LinearSegmentedColormap.from_list("change", [below, (1, 1, 1), above])


COLOURS = colours(HEATMAP.read_text("utf-8"))


def change(module: str) -> tuple[Array, str]:
    """Return the change at the default knobs, scaled to [−1, 1], and its name."""
    view: dict[str, Any] = next(
        panel for panel in probe(module, {})["panels"] if panel["kind"] == "matrix"
    )["views"][0]
    values = view["values"].reshape(view["rows"], view["columns"])
    return values / (view["limit"] or 1), view["label"]


def draw(catalog: Catalog, folder: Path) -> dict[str, str]:
    """Draw what is missing in a folder, remove what is out of date.

    Returns:
        The file name of every method's picture by slug, and that of all together under "".
    """
    folder.mkdir(parents=True, exist_ok=True)
    changes = {slug: change(m.modules[0]) for slug, m in catalog.methods.items()}
    names = {}
    for slug, method in catalog.methods.items():
        values, label = changes[slug]
        texts = (method.title, method.name, method.description, label)
        names[slug] = _named(slug, values.astype(np.float32).tobytes(), *texts)
        if not (folder / names[slug]).exists():
            _save(folder / names[slug], _card, method, values, label)
    everything = b"".join(values.astype(np.float32).tobytes() for values, _ in changes.values())
    names[""] = _named("all", everything)
    if not (folder / names[""]).exists():
        _save(folder / names[""], _mosaic, [values for values, _ in changes.values()])
    for path in folder.iterdir():
        if path.name not in names.values():
            path.unlink()
    return names


def _named(slug: str, data: bytes, *texts: str) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes() + COLOURS([0.0, 1.0]).tobytes() + data)
    for text in texts:
        digest.update(text.encode() + b"\0")
    return f"{slug}-{digest.hexdigest()[:12]}.png"


def _save(path: Path, painter: Any, *content: Any) -> None:
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.color": INK}):
        figure = plt.figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=PAPER)
        painter(figure, *content)
        figure.savefig(path, dpi=100, metadata={"Software": None}, pil_kwargs={"optimize": True})
        plt.close(figure)


def _heatmap(ax: Axes, values: Array) -> None:
    ax.imshow(values, cmap=COLOURS, vmin=-1, vmax=1, interpolation="nearest", aspect="equal")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_color("#c8cdd6")


def _card(figure: Any, method: Method, values: Array, label: str) -> None:
    side = 0.78
    width = side * HEIGHT / WIDTH
    ax = figure.add_axes((0.96 - width, 0.11, width, side))
    _heatmap(ax, values)
    figure.text(
        0.96 - width / 2, 0.05, f"{label} in the toy layer", color=SOFT, size=13, ha="center"
    )
    figure.text(0.05, 0.875, SITE, color=SOFT, size=17)
    size = 52 if len(method.title) < 12 else 36
    figure.text(0.05, 0.72, method.title, size=size, weight="bold")
    figure.text(
        0.05, 0.655, textwrap.shorten(method.name, 56, placeholder=" …"), color=SOFT, size=15
    )
    figure.text(
        0.05, 0.56, textwrap.fill(method.description, 38), size=20, va="top", linespacing=1.45
    )


def _mosaic(figure: Any, all_values: list[Array]) -> None:
    rows = 3
    columns = ceil(len(all_values) / rows)
    tile = min(0.9 / columns * WIDTH, 0.62 / rows * HEIGHT)
    dx, dy = tile / WIDTH, tile / HEIGHT
    left, top = (1 - columns * dx) / 2, 0.69
    figure.text(left, 0.83, SITE, size=40, weight="bold")
    figure.text(
        left, 0.755, "An audited, executable survey of parameter-efficient fine-tuning", color=SOFT,
        size=17,
    )  # fmt: skip
    for i, values in enumerate(all_values):
        row, column = divmod(i, columns)
        ax = figure.add_axes(
            (left + column * dx, top - (row + 1) * dy, 0.9 * dx, 0.9 * dy),
        )
        _heatmap(ax, values)
