"""The most read pages as few people see them: in forced colours, four times as large, on paper.

And as most people see them: the first screen against a small picture that is kept. It is grey and
an eighth as large, so that another version of a browser draws the same, and is compared in tiles,
so that a lost figure counts wherever it is. `SEEN=keep python -m pytest -m site
tests/browser/test_modes.py` keeps what there is now.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from scripts.bootstrap import ROOT
from tests.browser.conftest import sound
from tests.browser.reader import WINDOW, becomes, settle

PAGES = {
    "home": "",
    "story": "story/",
    "methods": "methods/",
    "lora": "methods/lora/",
    "dora": "methods/dora/",
    "bets": "findings/bets/",
    "papers": "findings/papers/",
    "claims": "findings/claims/",
    "lab": "lab/",
    "choose": "choose/",
}

ZOOMED: ViewportSize = {"width": 320, "height": 256}
"""The rest of a window of 1280 × 1024 at a zoom of 400 %."""

PAPER: ViewportSize = {"width": 794, "height": 1123}

KEPT = Path(__file__).parent / "seen"
SIZE = (160, 112)
TILE = 16
FAR = 15.0
"""Levels of 255 by which the mean of a tile may be off."""

FAULTS = (Path(__file__).parent / "faults.js").read_text("utf-8")
"""Finds text that is cut or beyond the edge, and pictures without a mark on them."""


@pytest.fixture(scope="module", params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str, name: str) -> Iterator[Page]:
    """One of the pages, at rest; it is loaded once for all that is asked of it."""
    with browser.new_context(viewport=WINDOW) as context:
        page = context.new_page()
        with sound(page):
            page.goto(site + PAGES[name], wait_until="networkidle")
            settle(page)
            page.evaluate("document.fonts.ready.then(() => true)")
            yield page


@pytest.fixture
def screen(opened: Page) -> Iterator[Page]:
    """The page, which is as it was when a test leaves it."""
    yield opened
    opened.emulate_media(media="screen", forced_colors="none")
    opened.set_viewport_size(WINDOW)


def pixels(picture: bytes) -> Any:
    """Return a picture small and grey, (112, 160)."""
    image = Image.open(io.BytesIO(picture)).convert("L").resize(SIZE, Image.Resampling.BOX)
    return np.asarray(image, float)


def apart(one: Any, two: Any) -> float:
    """Return the mean difference of the tile that is furthest off, in levels of 255."""
    rows, columns = (side // TILE for side in one.shape)
    tiles = np.abs(one - two).reshape(rows, TILE, columns, TILE)
    return float(tiles.mean(axis=(1, 3)).max())


def test_the_first_screen_is_as_it_was_kept(screen: Page, name: str) -> None:
    now = pixels(screen.screenshot())
    path = KEPT / f"{name}.png"
    if os.environ.get("SEEN") == "keep":
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(now.astype(np.uint8)).save(path, optimize=True)
    kept = np.asarray(Image.open(path), float)
    if (off := apart(now, kept)) > FAR:
        shown = ROOT / ".build" / f"seen-{name}.png"
        Image.fromarray(now.astype(np.uint8)).save(shown)
        pytest.fail(
            f"{PAGES[name] or 'the home page'} looks unlike {path}: a tile is off by {off:.0f} of"
            f" 255, where {FAR:.0f} is allowed. {shown} has it now; where that is meant, keep it"
            " with SEEN=keep."
        )


def test_in_forced_colours_every_picture_has_marks(screen: Page) -> None:
    screen.emulate_media(forced_colors="active")
    becomes(screen, FAULTS, {})


def test_at_four_times_the_size_nothing_is_cut_or_beyond_the_edge(screen: Page) -> None:
    screen.set_viewport_size(ZOOMED)
    becomes(screen, FAULTS, {})


def test_on_paper_nothing_is_cut_or_beyond_the_edge(screen: Page) -> None:
    screen.set_viewport_size(PAPER)
    screen.emulate_media(media="print")
    becomes(screen, FAULTS, {})
