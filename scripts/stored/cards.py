"""Draw the pictures that links to the site show elsewhere, from each method's own ΔW.

A picture's name ends in the hash of what it is made of, so it is drawn once and may be cached for
ever.
"""

from __future__ import annotations

import json
import re
import textwrap
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from adapters_np.linalg import Array
from demos.probe import probe
from scripts.bootstrap import ROOT
from scripts.cache import digest, kept, tidy
from scripts.catalog import Catalog, read
from scripts.catalog.records import Method

OUT = ROOT / ".build" / "pictures"
NAMES = OUT.with_suffix(".json")
WIDTH, HEIGHT = 1200, 630
INK, SOFT, PAPER, BAND, ACCENT = "#1c2230", "#5b6475", "#ffffff", "#22303c", "#f0936a"
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
    drawn = {"": kept(folder / _named("all"), partial(_painted, _sum))}
    for slug, method in catalog.methods.items():
        values, label = change(method.modules[0])
        shown = values.astype(np.float32).tobytes()
        name = _named(slug, shown, method.title, method.name, method.description, label)
        drawn[slug] = kept(folder / name, partial(_painted, _card, method, values, label))
    tidy(folder, drawn.values())
    return {slug: path.name for slug, path in drawn.items()}


def _named(slug: str, *content: str | bytes) -> str:
    key = digest(ROOT, [Path(__file__)], COLOURS([0.0, 1.0]).tobytes(), *content)
    return f"{slug}-{key[:12]}.png"


def _painted(painter: Any, *content: Any) -> bytes:
    """Return a picture as PNG."""
    data = BytesIO()
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.color": INK}):
        figure = plt.figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=PAPER)
        painter(figure, *content)
        figure.savefig(data, dpi=100, metadata={"Software": None}, pil_kwargs={"optimize": True})
        plt.close(figure)
    return data.getvalue()


def _heatmap(ax: Axes, values: Array) -> None:
    ax.imshow(values, cmap=COLOURS, vmin=-1, vmax=1, interpolation="nearest", aspect="equal")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_color("#c8cdd6")


def _band(figure: Any) -> None:
    """Draw the site's mark, which is that of its header, and its name on a band across the top."""
    ax = figure.add_axes((0, 0.86, 1, 0.14), xlim=(0, WIDTH), ylim=(0, 0.14 * HEIGHT))
    ax.axis("off")
    ax.add_patch(Rectangle((0, 0), WIDTH, HEIGHT, color=BAND))
    for corner, width, height, colour in (
        ((80, 24), 30, 30, PAPER),  # W
        ((64, 24), 9, 30, ACCENT),
        ((80, 61), 30, 9, ACCENT),
    ):
        ax.add_patch(Rectangle(corner, width, height, color=colour))
    ax.text(132, 42, SITE, color=PAPER, size=20, weight="bold", va="center")


def _card(figure: Any, method: Method, values: Array, label: str) -> None:
    _band(figure)
    side = 0.68
    width = side * HEIGHT / WIDTH
    ax = figure.add_axes((0.95 - width, 0.11, width, side))
    _heatmap(ax, values)
    figure.text(
        0.95 - width / 2, 0.05, f"{label} in the toy layer", color=SOFT, size=13, ha="center"
    )
    size = 50 if len(method.title) < 12 else 36
    figure.text(0.053, 0.68, method.title, size=size, weight="bold")
    figure.text(
        0.053, 0.615, textwrap.shorten(method.name, 56, placeholder=" …"), color=SOFT, size=15
    )
    figure.text(
        0.053, 0.52, textwrap.fill(method.description, 40), size=20, va="top", linespacing=1.45
    )


def _sum(figure: Any) -> None:
    """Draw W + ΔW = W′ as on the home page."""
    _band(figure)
    figure.text(0.053, 0.71, "What is inside a transformer?", size=38, weight="bold")
    figure.text(
        0.053, 0.63, "An audited, executable survey of parameter-efficient fine-tuning",
        color=SOFT, size=19,
    )  # fmt: skip
    ax = figure.add_axes((0, 0, 1, 0.6), xlim=(0, WIDTH), ylim=(0, 0.6 * HEIGHT))
    ax.axis("off")
    side, y, grey, tint = 230, 84, "#cfd3da", "#f6c3ab"
    for x, name in ((64, "W, frozen"), (454, "ΔW, trained"), (844, "W′")):
        trained = name.startswith("Δ")
        ax.add_patch(Rectangle((x, y), side, side, color=grey if x == 64 else tint))
        if trained:
            ax.add_patch(Rectangle((x + 56, y), side - 56, side - 56, color="#fdf1ea"))
            ax.add_patch(Rectangle((x, y), 40, side - 56, color=ACCENT))
            ax.add_patch(Rectangle((x + 56, y + side - 40), side - 56, 40, color=ACCENT))
        for k in range(1, 5) if not trained else ():
            ax.plot([x + k * side / 5] * 2, [y, y + side], color=PAPER, lw=1)
            ax.plot([x, x + side], [y + k * side / 5] * 2, color=PAPER, lw=1)
        ax.text(x + side / 2, y - 34, name, size=20, ha="center", color=INK)
    for x, sign in ((374, "+"), (764, "=")):
        ax.text(x, y + side / 2, sign, size=44, ha="center", va="center", color=SOFT)


def main() -> None:
    """Draw the pictures, and note their names."""
    NAMES.write_text(json.dumps(draw(read(), OUT)))


if __name__ == "__main__":
    main()
