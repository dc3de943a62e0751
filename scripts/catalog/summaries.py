"""The site in short, for language models: llms.txt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.catalog.exports import Site
from scripts.survey.facts.records import front_matter

METHODS = "methods"
DATA = {
    "catalog.json": "every record, verdict and unit of evidence",
    "catalog.schema.json": "the schema that catalog.json keeps to",
    "datapackage.json": "all tables, with the meaning, type and unit of every column",
    "references.bib": "the bibliography",
}


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
