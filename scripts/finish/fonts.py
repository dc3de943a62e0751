"""Fonts of the site: those of its text, and of KaTeX's the letters that the pages have."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterable
from functools import partial
from html import unescape
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from scripts.bootstrap import ROOT
from scripts.cache import digest, kept, tidy

KATEX = ROOT / "node_modules" / "katex" / "dist"
FONTS = {  # Latin alone: for other letters a reader's own fonts stand in
    "inter": "@fontsource-variable/inter/files/inter-latin-wght-normal",
    "source-serif-4": "@fontsource/source-serif-4/files/source-serif-4-latin-600-normal",
}
"""Names of the fonts in docs/assets/theme.css, and their files in npm's packages."""


def add_fonts(out: Path, cache: Path) -> None:
    """Add the fonts, and KaTeX's style, to a site whose pages are there; fonts are cached."""
    fonts, katex = out / "assets" / "fonts", out / "assets" / "katex"
    fonts.mkdir(parents=True)
    for name, file in FONTS.items():
        shutil.copyfile(ROOT / "node_modules" / f"{file}.woff2", fonts / f"{name}.woff2")

    (katex / "fonts").mkdir(parents=True)
    style = (KATEX / "katex.min.css").read_text("utf-8")
    # Every browser with WebAssembly reads woff2.
    style = re.sub(r",url\([^)]*\.(?:woff|ttf)\) format\([^)]*\)", "", style)
    (katex / "katex.min.css").write_text(style, "utf-8")
    letters = "".join(sorted(used(out)))
    made = {
        font.name: kept(
            cache / f"{digest(ROOT, [font, Path(__file__)], letters)}.woff2",
            partial(of_letters, font, letters),
        )
        for font in (KATEX / "fonts").glob("*.woff2")
    }
    tidy(cache, made.values())
    for name, font in made.items():
        shutil.copyfile(font, katex / "fonts" / name)


def used(folder: Path) -> set[str]:
    """Return all letters of all pages of a folder, those of their markup, too."""
    texts: Iterable[str] = (path.read_text("utf-8") for path in folder.rglob("*.html"))
    return set().union(*(set(unescape(text)) for text in texts))


def of_letters(font: Path, letters: str) -> bytes:
    """Return a font with no other letters than these, as woff2."""
    whole = TTFont(font, recalcTimestamp=False)  # which would be the time of the build
    subsetter = Subsetter(Options(layout_features=["*"], notdef_outline=True))
    subsetter.populate(text=letters)
    subsetter.subset(whole)
    whole.flavor = "woff2"
    buffer = io.BytesIO()
    whole.save(buffer)
    return buffer.getvalue()
