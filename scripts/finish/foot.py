"""The foot of a page: where to suggest a correction, how to cite it, and what can be embedded.

Figures and tables get ids here. An id is made of the heading above, which links rely on already, so
that an embedded part keeps its address when numbers change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from html import escape, unescape
from itertools import count
from typing import NamedTuple

from scripts.catalog.citations import Item, apa, forms
from scripts.catalog.corrections import ROW, correction, form
from scripts.catalog.exports import Site

END = "</article>"
PART = re.compile(
    r'<h[23] id="(?P<heading>[^"]+)"'
    r"|<(?P<widget>adapter-demo|adapter-compare|adapter-lab|adapter-file|model-pair)"
    r"\b[^>]*>"
    r'|<(?P<figure>figure class="drawn")>'
    r'|<(?P<table>div class="scroll[^"]*")(?=[^>]*>(?:<sortable-table[^>]*>)?<table)[^>]*>'
)
WIDGETS = {
    "adapter-demo": "Widget",
    "adapter-compare": "Comparison",
    "adapter-lab": "Lab",
    "adapter-file": "Your adapter",
    "model-pair": "A model before and after",
}
TITLES = (r"<strong>(.+?)</strong>", r"<(?:fig)?caption[^>]*>(.+?)(?:</|[.:;] )")
NEAR = 1500  # letters within which a part says what it is
SHORT, LONG = 40, 90
"""Letters that a name has at most in an id, and a title in the list."""


NUMBER = '<button type="button" name="value">Link to a number</button> · '
"""Where a page has numbers with an address."""


class Part(NamedTuple):
    """A part of a page that can be embedded: its id and its title."""

    id: str
    title: str


def add_foot(html: str, url: str, site: Site, cited: Sequence[Item] = ()) -> str:
    """Return a page with ids on its parts and a foot; one without an article stays.

    Args:
        url: Its address below the site's.
        cited: The page and the tables that it shows, where it does not say itself how to cite them.
    """
    if END not in html or not url:
        return html
    html, parts = named(html)
    number = NUMBER if "<data value=" in html else ""
    return html.replace(END, f"{_foot(url, site, parts, cited, number)}{END}", 1)


def named(html: str) -> tuple[str, list[Part]]:
    """Return a page whose figures and tables have ids, and all parts that can be embedded."""
    heading, parts, taken = "", list[Part](), set(re.findall(r'\bid="([^"]+)"', html))

    def name(match: re.Match[str]) -> str:
        nonlocal heading
        if match["heading"]:
            heading = match["heading"]
            return match[0]
        kind = match["widget"] or ("figure" if match["figure"] else "table")
        given = re.search(r'\bid="([^"]+)"', match[0])
        own = given[1] if given else _free(f"{heading}-{_slug(kind, match[0])}".lstrip("-"), taken)
        taken.add(own)
        parts.append(Part(own, _title(kind, match)))
        return match[0] if given else f'{match[0][:-1]} id="{own}">'

    return PART.sub(name, html), parts


def _slug(kind: str, tag: str) -> str:
    """Return what an id ends in: a table's own name where it has a short one."""
    label = re.search(r'aria-label="([^"]+)"', tag)
    name = unescape(label[1]) if label and len(label[1]) <= SHORT else kind
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("+", " plus")).strip("-")


def _free(stem: str, taken: set[str]) -> str:
    numbered = (f"{stem}-{i}" if i > 1 else stem for i in count(1))
    return next(name for name in numbered if name not in taken)


def _title(kind: str, match: re.Match[str]) -> str:
    if kind in WIDGETS:
        name = re.search(r'data-name="([^"]+)"', match[0])
        return WIDGETS[kind] + (f": {unescape(name[1])}" if name else "")
    after = re.split("</(?:figure|table)>", match.string[match.end() : match.end() + NEAR])[0]
    title = next((m for m in (re.search(t, after, re.DOTALL) for t in TITLES) if m), None)
    label = re.search(r'aria-label="([^"]+)"', match[0])
    text = title[1] if title else label[1] if label else ""
    text = unescape(re.sub(r"<[^>]+>", "", text)).strip()
    short = text if len(text) <= LONG else f"{text[:LONG].rsplit(' ', 1)[0]} …"
    return f"{kind.capitalize()}: {short}" if short else kind.capitalize()


def cite(html: str, item: Item, method: str = "") -> str:
    """Return a page with a citation in its places for one: in words, and in three formats."""
    html = html.replace('<span data-cite=""></span>', _style(item), 1)
    return html.replace('<div data-cite=""></div>', _listings([item], method), 1)


def add_state(html: str, site: Site) -> str:
    commit = f"{site.repository}/commit/{site.commit.removesuffix('-dirty')}"
    link = f', commit <a href="{escape(commit)}">{site.commit}</a>' if site.commit else ""
    day = date.fromisoformat(site.date)
    state = f"Version {site.version}{link}, {day.day} {day:%B %Y}."
    return html.replace('<span data-built=""></span>', state, 1)


def _style(item: Item) -> str:
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", escape(apa(item)))


def _listings(items: Sequence[Item], method: str = "") -> str:
    listings = "".join(
        f'<details class="fold"><summary>{f.name}</summary><div class="highlight"><pre>'
        f'<code data-dated="{escape(f.dated)}">{escape(f.text)}</code></pre></div></details>'
        for f in forms(list(items), method)
    )
    return f'<div class="citation">{listings}</div>'


def _cite(items: Sequence[Item]) -> str:
    if not items:
        return ""
    count = len(items) - 1
    tables = (
        "Its table has its own entry"
        if count == 1
        else f"Its {count} tables have their own entries"
    )
    more = f"<p>{tables}, below that of the page.</p>" if count else ""
    return (
        '<details class="fold cite"><summary>Cite this page</summary>'
        f"<p>{_style(items[0])}</p>{more}{_listings(items)}</details>"
    )


def _foot(url: str, site: Site, parts: list[Part], cited: Sequence[Item], number: str) -> str:
    link, row = escape(correction(site, url)), escape(form(site, ROW))
    lines = "".join(
        f'<li><a href="?embed={part.id}" target="_blank">{escape(part.title)}</a> '
        f'<button type="button" name="embed" value="{part.id}">Copy code</button></li>'
        for part in parts
    )
    embed = (
        '<details class="fold embed"><summary>Embed a part of this page</summary>'
        "<p>The code is an iframe that adjusts its height to what it shows. "
        f"It loads from this site only.</p><ul>{lines}</ul></details>"
        if parts
        else ""
    )
    return (
        '<aside class="ah page-foot" aria-label="This page">'
        f'<p><a class="correct" href="{link}" rel="noopener" '
        'title="What you have selected goes into the form">Suggest a correction</a> · '
        f'<a href="{row}" rel="noopener">Add a number</a> · {number}'
        f'<a href="{escape(site.repository)}" rel="noopener">Repository</a></p>'
        f"{_cite(cited)}{embed}</aside>"
    )
