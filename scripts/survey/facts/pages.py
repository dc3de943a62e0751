"""Front matter of methods' pages on modules, without the rest of the catalogue.

The catalogue needs facts, and these need to know which modules a page has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from scripts.survey.facts import peft
from scripts.survey.facts.records import front_matter


def _readable(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the pages that can be read; the catalogue names the others and what is wrong."""
    for path in sorted((root / "docs/methods").glob("*.md")):
        with suppress(ValueError):
            yield path.stem, front_matter(path)[0]


def modules_of_pages(root: Path) -> dict[str, tuple[str, ...]]:
    return {slug: tuple(data.get("modules") or [slug]) for slug, data in _readable(root)}


def pages_of_runs(root: Path) -> dict[peft.Key, str]:
    pages = {}
    for slug, data in _readable(root):
        config = data["peft"]["class"] if isinstance(data.get("peft"), dict) else ""
        if "number" in data or config:
            key = peft.key(data.get("number"), config)
            pages[key] = (data.get("modules") or [slug])[0]
    return pages
