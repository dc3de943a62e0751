"""Each method's own picture, from W to W': on its card and in lists."""

from __future__ import annotations

import json
from functools import cache

from scripts.macros.page import catalog
from scripts.stored.portraits.make import DRAWN, declared


@cache
def drawn(written: int) -> dict[str, str]:
    found: dict[str, str] = json.loads(DRAWN.read_text("utf-8"))
    return found


def drawing(slug: str) -> str:
    """Return the drawing of a method as SVG.

    Raises:
        FileNotFoundError: when the build has not drawn them.
    """
    if not DRAWN.exists():
        raise FileNotFoundError(f"{DRAWN} is missing: the build draws it before the pages")
    return drawn(DRAWN.stat().st_mtime_ns)[slug]


def says(slug: str) -> str:
    return declared(catalog().methods[slug].modules[0]).says
