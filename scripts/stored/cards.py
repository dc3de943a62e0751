"""Draw the pictures that links to the site show elsewhere: what each method has of its own.

A picture's name ends in the hash of what it is made of, so it is drawn once and may be cached for
ever.
"""

from __future__ import annotations

import json
import textwrap
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from scripts.bootstrap import ROOT
from scripts.cache import digest, kept, tidy
from scripts.catalog import Catalog, read
from scripts.catalog.records import Method
from scripts.stored import paint
from scripts.stored.paint import STYLE, colours
from scripts.stored.portraits.make import drawings, every

OUT = ROOT / ".build" / "pictures"
NAMES = OUT.with_suffix(".json")
WIDTH, HEIGHT = 1200, 630
INK, SOFT, PAPER, BAND, ACCENT = "#1c2230", "#5b6475", "#ffffff", "#22303c", "#f0936a"
NEUTRAL = {"ink": INK, "soft": SOFT, "faint": "#b4b9c2", "paper": PAPER}
SITE = "Adapters as Hypotheses"


def draw(catalog: Catalog, folder: Path) -> dict[str, str]:
    """Draw what is missing in a folder, remove what is out of date.

    Returns:
        The file name of every method's picture by slug, and that of all together under "".
    """
    drawn = {"": kept(folder / _named("all"), partial(_painted, _sum))}
    style, pictures = STYLE.read_text("utf-8"), drawings(every(catalog))
    for slug, method in catalog.methods.items():
        svg, colour = pictures[slug]["small"], colours(method.theme, style, **NEUTRAL)
        words = (method.title, method.name, method.description)
        name = _named(slug, svg, json.dumps(colour), *words)
        drawn[slug] = kept(folder / name, partial(_painted, _card, method, svg, colour))
    tidy(folder, drawn.values())
    return {slug: path.name for slug, path in drawn.items()}


def _named(slug: str, *content: str | bytes) -> str:
    key = digest(ROOT, [Path(__file__), Path(paint.__file__)], *content)
    return f"{slug}-{key[:12]}.png"


def _painted(painter: Any, *content: Any) -> bytes:
    data = BytesIO()
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.color": INK}):
        figure = plt.figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=PAPER)
        painter(figure, *content)
        figure.savefig(data, dpi=100, metadata={"Software": None}, pil_kwargs={"optimize": True})
        plt.close(figure)
    return data.getvalue()


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


def _card(figure: Any, method: Method, svg: str, colour: paint.Colours) -> None:
    _band(figure)
    width, height = 540, 405
    ax = figure.add_axes((1 - (width + 30) / WIDTH, 0.11, width / WIDTH, height / HEIGHT))
    paint.paint(ax, svg, colour, width / 160)
    size = 50 if len(method.title) < 12 else 36
    figure.text(0.053, 0.68, method.title, size=size, weight="bold")
    figure.text(
        0.053, 0.615, textwrap.shorten(method.name, 56, placeholder=" …"), color=SOFT, size=15
    )
    figure.text(
        0.053, 0.52, textwrap.fill(method.description, 36), size=20, va="top", linespacing=1.45
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
    NAMES.write_text(json.dumps(draw(read(), OUT)))


if __name__ == "__main__":
    main()
