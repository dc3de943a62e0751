"""Metadata in a page's head, for machines: citation tags, structured data, previews.

The tags are put into the finished HTML, so that they do not depend on the generator.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from typing import Any

from scripts.catalog import Catalog
from scripts.catalog.exports import Site
from scripts.catalog.papers import Paper
from scripts.catalog.records import Method
from scripts.finish.paper import AT, OF

REFRESH = 'http-equiv="refresh"'
"""In a page that leads to another one."""

PICTURE, WIDTH, HEIGHT = "assets/pictures/card.png", 1200, 630
"""What links to the site show elsewhere."""

LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def add_head(html: str, url: str, method: Method | None, catalog: Catalog, site: Site) -> str:
    """Return a page with its head completed; `url` is below the site's address."""
    title = f"{method.title}: {method.name}" if method else _title(html)
    description = method.description if method else _description(html)
    html = re.sub(r'\s*<meta name="description"[^>]*>', "", html, count=1)
    tags = [
        _meta("name", "description", description),
        *_preview(title, description, site, url, method is not None),
    ]
    if method:
        papers = [catalog.papers[key] for key in method.references]
        tags += _citation(method.title, url, papers, site)
        data = json.dumps(_article(method, title, papers, site), ensure_ascii=False)
        text = data.replace("<", r"\u003c")  # ends no element
        tags.append(f'<script type="application/ld+json">{text}</script>')
    elif REFRESH not in html:
        tags += _citation(own_title(html, site), url, [], site)
    return html.replace("</head>", "\n".join([*tags, "</head>"]), 1)


def own_title(html: str, site: Site) -> str:
    return _title(html).removesuffix(f" - {site.title}")


def _title(html: str) -> str:
    match = re.search(r"<title>(.*?)</title>", html, re.S)
    return unescape(match[1]).strip() if match else ""


def _description(html: str) -> str:
    match = re.search(r'<meta name="description" content="([^"]*)"', html)
    return unescape(match[1]) if match else ""


def _meta(kind: str, name: str, content: str | int) -> str:
    return f'<meta {kind}="{name}" content="{escape(str(content))}">'


def _preview(title: str, description: str, site: Site, url: str, article: bool) -> Iterator[str]:
    properties: Mapping[str, str | int] = {
        "og:type": "article" if article else "website",
        "og:site_name": site.title,
        "og:title": title,
        "og:description": description,
        "og:url": site.url + url,
        "og:image": site.url + PICTURE,
        "og:image:width": WIDTH,
        "og:image:height": HEIGHT,
        "og:image:alt": f"{site.title}: a frozen weight W, plus a trained change ΔW, is W′",
    }
    yield from (_meta("property", name, value) for name, value in properties.items())
    yield _meta("name", "twitter:card", "summary_large_image")


def _citation(title: str, url: str, papers: list[Paper], site: Site) -> Iterator[str]:
    """Yield the tags that reference managers and Scholar read.

    The title is the page's and not the paper's, of which a library would have two. Zotero takes a
    name for a person's, whose last word is the family name, but for one that ends in a comma.
    """
    date = site.date.replace("-", "/")
    facts = {
        "citation_title": f"{title} – {site.title}" if title != site.title else title,
        "citation_author": f"{site.author},",
        "citation_publication_date": date,
        "citation_online_date": date,
        "citation_inbook_title": site.title,
        "citation_version": site.state,
        "citation_language": "en",
        "citation_public_url": site.url + url,
        "citation_fulltext_html_url": site.url + url,
    }
    if url == OF:
        facts["citation_pdf_url"] = site.url + AT
    yield from (_meta("name", name, value) for name, value in facts.items())
    for one in papers:
        parts = [f"citation_title={one.title}"]
        parts += [f"citation_author={author}" for author in one.authors]
        parts += [f"citation_publication_date={one.year}"]
        parts += [f"citation_doi={one.doi}"] if one.doi else []
        parts += [f"citation_arxiv_id={one.arxiv}"] if one.arxiv else []
        yield _meta("name", "citation_reference", "; ".join(parts))


def _article(m: Method, title: str, papers: list[Paper], site: Site) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": title,
        "description": m.description,
        "url": site.url + m.url,
        "image": site.url + PICTURE,
        "datePublished": site.date,
        "version": site.state,
        "inLanguage": "en",
        "license": LICENCE,
        "author": {"@type": "Organization", "name": site.author, "url": site.url},
        "isPartOf": {"@type": "CreativeWork", "name": site.title, "url": site.url},
        "citation": [
            {
                "@type": "ScholarlyArticle",
                "name": paper.title,
                "author": [{"@type": "Person", "name": author} for author in paper.authors],
                "datePublished": str(paper.year),
                "url": paper.url,
            }
            for paper in papers
        ],
    }
