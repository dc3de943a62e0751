"""Type and colour: what the fonts weigh, and whether text can be read on what it lies on."""

from __future__ import annotations

import io
import os
import re
from itertools import product
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.finish.fonts import FONTS, KATEX, of_letters, used

SITE = Path(os.environ.get("SITE", ROOT / "site"))
STYLE = (ROOT / "docs" / "assets" / "theme.css").read_text("utf-8")
BUDGET = 100_000  # bytes that all fonts of the text may take
READABLE = 4.5  # WCAG 2.2, 1.4.3: contrast of text, level AA

GROUNDS = ("--md-default-bg-color", "--ah-card", "--ah-tint")
INKS = (
    *("--md-default-fg-color", "--md-default-fg-color--light", "--md-code-fg-color"),
    *("--ah-good", "--ah-doubt", "--ah-bad", "--ah-second", "--of-own"),
    *("--md-code-hl-keyword-color", "--md-code-hl-number-color", "--md-code-hl-string-color"),
)


def colours(scheme: str) -> dict[str, str]:
    """Return the colours that a scheme gives as hexadecimal digits, by name."""
    light, _, dark = STYLE.partition('[data-md-color-scheme="slate"] {')
    blocks = [light.partition("[data-md-color-scheme] {")[2].partition("}")[0]]
    if scheme == "slate":
        blocks.append(dark.partition("}")[0])
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{3,6});", "\n".join(blocks)))


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, from 0 to 1 (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(2 * d for d in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_text_can_be_read_in_every_colour_on_every_ground_and_families_differ(scheme: str) -> None:
    found = colours(scheme)
    families = {f"--of-{theme}" for theme in read().themes}
    assert len({found[family] for family in families}) == len(families)
    assert all(f".{name[2:]} {{ --of: var({name}); }}" in STYLE for name in families)
    pairs = product((*INKS, *families), GROUNDS)
    pale = {pair: contrast(found[pair[0]], found[pair[1]]) for pair in pairs}
    assert {pair: value for pair, value in pale.items() if value < READABLE} == {}


def test_fonts_fit_their_budget() -> None:
    files = [ROOT / "node_modules" / f"{file}.woff2" for file in FONTS.values()]
    assert 0 < sum(file.stat().st_size for file in files) <= BUDGET
    assert set(re.findall(r"fonts/([\w-]+)\.woff2", STYLE)) == set(FONTS)


def letters(font: Path | io.BytesIO) -> set[str]:
    """Return all letters that a font has."""
    return {chr(code) for code in TTFont(font).getBestCmap()}


def test_a_font_keeps_the_letters_that_it_is_asked_for() -> None:
    font = KATEX / "fonts" / "KaTeX_AMS-Regular.woff2"
    made = of_letters(font, "ℝRx≤\n")
    assert letters(io.BytesIO(made)) == {"R", "x", "≤", "ℝ"} & letters(font) != set()
    assert len(made) < font.stat().st_size / 10


@pytest.mark.site
def test_pages_have_all_letters_of_their_mathematics() -> None:
    needed = used(SITE)
    for font in (KATEX / "fonts").glob("*.woff2"):
        [ours] = (SITE / "assets" / "katex" / "fonts").glob(f"{font.stem}-*.woff2")
        assert letters(ours) >= needed & letters(font)


def test_text_is_shown_before_a_font_is_there() -> None:
    faces = re.findall(r"@font-face \{(.*?)\}", STYLE)
    assert faces
    for face in faces:
        own, fallback = "url(" in face, "local(" in face
        assert own != fallback
        assert ("font-display: swap" in face) == own
        assert all(f"{word}-override:" in face for word in ("ascent", "descent")) == fallback
