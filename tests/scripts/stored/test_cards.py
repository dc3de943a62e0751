"""Cards show a method's own picture, in the colours of its theme."""

from __future__ import annotations

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from scripts.catalog import read
from scripts.stored import cards
from scripts.stored.paint import STYLE, colours, paint
from scripts.stored.portraits import make

WAY = "<path class='own' stroke-width='6' d='"
SIZE = (320, 240)  # pixels of a painted drawing: two for a unit


def painted(inside: str) -> np.ndarray:
    """Return the pixels of a drawing whose own colour is red, (240, 320, 3)."""
    svg = f'<svg viewBox="0 0 160 120">{inside}</svg>'
    figure = plt.figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100)
    paint(figure.add_axes((0, 0, 1, 1)), svg, {"own": "#ff0000", "ink": "#000000"}, 2)
    data = io.BytesIO()
    figure.savefig(data, dpi=100)
    plt.close(figure)
    return np.asarray(Image.open(data).convert("RGB"))


def red(pixels: np.ndarray, x: float, y: float) -> bool:
    """Say whether a unit of the drawing is of its own colour."""
    return bool((pixels[round(2 * y), round(2 * x)] == (255, 0, 0)).all())


@pytest.mark.parametrize(
    ("inside", "on", "off"),
    [
        ('<path class="own f" d="M10 20h30v40h-30z"/>', (25, 40), (45, 40)),
        ('<circle class="own f" cx="80" cy="60" r="20"/>', (95, 60), (103, 60)),
        (f"{WAY}M10 10L110 110'/>", (60, 60), (60, 80)),
        (f"{WAY}M120 60A40 40 0 0 0 80 20'/>", (108.3, 31.7), (80, 60)),
        (f"{WAY}M120 60A40 40 0 1 0 80 100'/>", (40, 60), (108.3, 88)),
        (
            '<g class="cells" transform="translate(20 30)scale(10 5)" stroke-width="0.9">'
            '<path class="own" d="M2 3h0.9"/></g>',
            (45, 45),
            (35, 45),
        ),
    ],
)  # fmt: skip
def test_a_shape_is_painted_where_it_lies(
    inside: str, on: tuple[float, float], off: tuple[float, float]
) -> None:
    pixels = painted(inside)
    assert red(pixels, *on)
    assert not red(pixels, *off)


def test_every_theme_has_its_colour_and_a_missing_one_is_named() -> None:
    style = STYLE.read_text("utf-8")
    found = {theme: colours(theme, style)["own"] for theme in read().themes}
    assert len(set(found.values())) == len(found)
    with pytest.raises(ValueError, match=r"theme\.css has no colour --of-rank"):
        colours("rank", style.replace("--of-rank: #", "--of-rank: light "))


def test_all_classes_of_drawings_have_a_colour() -> None:
    texts = "".join(drawn["small"] for drawn in make.drawings(make.every(read())).values())
    named = set(re.findall(r'<(?:path|circle|text) class="([^" ]+)', texts))
    known = colours("rank", STYLE.read_text("utf-8"), **cards.NEUTRAL)
    assert "own" in named
    assert named <= known.keys()
