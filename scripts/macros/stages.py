"""The stage of a method's widget as a small picture: on its card and in lists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from scripts.macros.page import catalog
from scripts.stored.widgets import OUT

HELD = '<div class="picture" data-holds="stage wanted">'
WHOLE = {"layers", "parts"}
"""Stages of which all heatmaps belong together; of others the last shows what is reached."""


def drawing(slug: str) -> str:
    """Return the stage of a method at the settings that its page opens with.

    Raises:
        FileNotFoundError: when the build has not drawn the widgets.
    """
    path = OUT / f"{slug}.html"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: the build draws it before the pages")
    return _drawing(path, catalog().methods[slug].theme, path.stat().st_mtime_ns)


@cache
def _drawing(path: Path, theme: str, written: int) -> str:
    figure = path.read_text("utf-8").partition(HELD)[2].partition("</figure>")[0]
    (name,) = re.findall(r'data-panel="(\w+)"', figure)
    images = re.findall(r"<img[^>]*>", figure)
    chart = figure[figure.rfind("<svg") :]  # of a chart with axes what lies between them
    stretched = chart.replace("preserveAspectRatio", 'class="stretched" preserveAspectRatio')
    images += re.findall(r"<svg.*?</svg>", stretched)
    shown = "".join(images if name in WHOLE else images[-1:])
    plain = re.sub(r' (alt|role|aria-label)="[^"]*"', "", shown).replace("<img", '<img alt=""')
    about = f'class="portrait of-{theme}" data-stage="{name}" aria-hidden="true"'
    return f"<span {about}>{plain}</span>"
