"""The site in short, for others: llms.txt for language models, a badge for each method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import yaml

from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.catalog.exports import Site
from scripts.catalog.records import Method
from scripts.survey.facts.records import front_matter

METHODS = "methods"
DATA = {
    "catalog.json": "every record, verdict and unit of evidence",
    "catalog.schema.json": "the schema that catalog.json keeps to",
    "datapackage.json": "all tables, with the meaning, type and unit of every column",
    "references.bib": "the bibliography",
}

# llms.txt -----------------------------------------------------------------------------------------


def llms(catalog: Catalog, site: Site, root: Path = ROOT) -> str:
    """Return the site's contents as Markdown: an address and a sentence for each page.

    Source: https://llmstxt.org.
    """
    about, _ = front_matter(root / "docs" / "index.md")
    lines = [f"# {site.title}", "", f"> {about['description']}"]
    nav = yaml.safe_load((root / "docs" / ".nav.yml").read_text("utf-8"))["nav"]
    for entry in nav:
        ((title, pages),) = entry.items()
        lines += ["", f"## {title}", ""]
        if pages == METHODS:
            lines += [
                _link(m.title, site.url + m.url, m.description) for m in catalog.methods.values()
            ]
        else:
            lines += [_page(path, site, root) for path in _paths(pages)]
    lines += ["", "## Data", ""]
    lines += [_link(name, site.url + name, meaning) for name, meaning in DATA.items()]
    return "\n".join(lines) + "\n"


def _paths(pages: Any) -> Iterator[str]:
    """Yield the pages of an entry of the navigation, those of its parts too."""
    if isinstance(pages, str):
        yield pages
    elif isinstance(pages, dict):
        for part in pages.values():
            yield from _paths(part)
    else:
        for part in pages:
            yield from _paths(part)


def _page(path: str, site: Site, root: Path) -> str:
    about, _ = front_matter(root / "docs" / path)
    return _link(about["title"], f"{site.url}{path.removesuffix('.md')}/", about["description"])


def _link(title: str, address: str, meaning: str) -> str:
    return f"- [{title}]({address}): {meaning}"


# Badges -------------------------------------------------------------------------------------------

LETTER, PAD, HEIGHT = 6.6, 10, 20
"""Pixels: a letter of the badge's font on average, the room at each end, and the whole height."""


def verdicts(m: Method) -> str:
    """Return how often the audit comes to which verdict, the most frequent first."""
    if not m.graded:
        return "not graded"
    counts = Counter(v.word for v in m.verdicts.values())
    return ", ".join(f"{count} {word}" for word, count in counts.most_common())


def badge(m: Method) -> str:
    """Return a small picture that says a method's name and its verdicts, for other sites."""
    parts = [m.title, verdicts(m)]
    widths = [round(LETTER * len(part) + 2 * PAD) for part in parts]
    whole, says = sum(widths), escape(": ".join(parts))
    middles = widths[0] / 2, widths[0] + widths[1] / 2
    right = f"M{widths[0]} 0h{widths[1] - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{widths[1] - 3}z"
    texts = "".join(
        f'<text x="{x:g}" y="14" textLength="{width - 2 * PAD}">{escape(part)}</text>'
        for x, width, part in zip(middles, widths, parts, strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" role="img" '
        f'aria-label="{says}"><title>{says}</title>'
        f'<rect width="{whole}" height="{HEIGHT}" rx="3" fill="#22303c"/>'
        f'<path d="{right}" fill="#2458b8"/><g fill="#fff" text-anchor="middle" '
        f'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g></svg>\n'
    )


def badges(catalog: Catalog) -> dict[str, str]:
    """Return the badges of all methods by their addresses below the site's."""
    return {address(m): badge(m) for m in catalog.methods.values()}


def address(m: Method) -> str:
    """Return where a method's badge is."""
    return f"badges/{m.slug}.svg"


def markdown(m: Method, site: Site) -> str:
    """Return a badge that leads to the method's page, for a README."""
    says = f"{m.title} at {site.title}: {verdicts(m)}"
    return f"[![{says}]({site.url}{address(m)})]({site.url}{m.url})"
