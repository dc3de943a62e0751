"""Citations of the site, a page and the papers: CSL-JSON, and BibTeX, RIS and APA made from it.

Only the reader's browser knows the day on which they have seen a page. A text has YYYY, MM and DD
in its place, for demos/page/page.js to fill in; `undated` takes the line away.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any, NamedTuple

from scripts.catalog import Catalog
from scripts.catalog.exports import Site
from scripts.catalog.papers import Paper
from scripts.catalog.records import Method

Item = dict[str, Any]
OWN = ("webpage", "dataset")
"""What is of this site, and has a version and a day on which it was seen."""

PRINTED = {"paper-conference": "CPAPER", "article-journal": "JOUR"}


def site_item(site: Site) -> Item:
    year, month, day = map(int, site.date.split("-"))
    return {
        "id": f"adapters{year}",
        "type": "webpage",
        "title": site.title,
        "author": [{"literal": site.author}],
        "issued": {"date-parts": [[year, month, day]]},
        "version": site.state,
        "URL": site.url,
        "language": "en",
    }


def part_item(title: str, url: str, site: Site) -> Item:
    """Return a page of the site as CSL-JSON; `url` is below the site's."""
    whole = site_item(site)
    return whole | {
        "id": whole["id"] + re.sub(r"[^a-z0-9]", "", url.removeprefix("methods/")),
        "title": title,
        "container-title": site.title,
        "URL": site.url + url,
    }


def page_item(m: Method, site: Site) -> Item:
    return part_item(f"{m.title}: {m.name}", m.url, site)


def data_item(name: str, title: str, path: str, site: Site) -> Item:
    """Return a table of the site as CSL-JSON, by its name in `datapackage.json`."""
    item = part_item(title, path, site)
    return item | {"id": f"{site_item(site)['id']}{name.replace('_', '')}data", "type": "dataset"}


def paper_item(paper: Paper) -> Item:
    kind = {"inproceedings": "paper-conference", "article": "article-journal"}
    item: Item = {
        "id": paper.key,
        "type": kind.get(re.split(r"[@{]", paper.bibtex)[1].lower(), "article"),
        "title": paper.title,
        "author": [
            {"literal": last}
            if name == last
            else {"given": name.removesuffix(f" {last}"), "family": last}
            for name, last in _names(paper)
        ],
        "container-title": paper.venue,
        "issued": {"date-parts": [[paper.year]]},
        "URL": paper.url,
    }
    return item | ({"DOI": paper.doi} if paper.doi else {})


def _names(paper: Paper) -> list[tuple[str, str]]:
    return list(zip(paper.authors, paper.surnames, strict=True))


# As text ------------------------------------------------------------------------------------------


def bibtex(item: Item, method: str = "") -> str:
    """Return a page as BibTeX; the capitals of `method` in its title stay."""
    title, site = item["title"], item.get("container-title")
    fields = {
        "title": f"{{{_tex(title.replace(method, f'{{{method}}}', 1) if method else title)}}}",
        "author": f"{{{{{item['author'][0]['literal']}}}}}",
        **({"howpublished": f"{{{site}}}"} if site else {}),
        **({"note": "{Data set}"} if item["type"] == "dataset" else {}),
        "year": f"{{{item['issued']['date-parts'][0][0]}}}",
        "date": f"{{{_day(item)}}}",
        "version": f"{{{item['version']}}}",
        "url": f"{{{item['URL']}}}",
        "urldate": "{YYYY-MM-DD}",
    }
    lines = ",\n".join(f"  {name:<12} = {value}" for name, value in fields.items())
    return f"@misc{{{item['id']},\n{lines}\n}}"


def _tex(text: str) -> str:
    return re.sub(r"[&%#_$]", r"\\\g<0>", text)


def ris(item: Item) -> str:
    page = item["type"] in OWN
    kinds = {"webpage": "ELEC", "dataset": "DATA"} | PRINTED
    names = (a.get("literal") or f"{a['family']}, {a['given']}" for a in item["author"])
    parts = item["issued"]["date-parts"][0]
    lines = [
        ("TY", kinds.get(item["type"], "GEN")),
        *(("AU", name) for name in names),
        ("TI", item["title"]),
        *([("T2", item["container-title"])] if "container-title" in item else []),
        ("PY", parts[0]),
        *(
            [("DA", _day(item).replace("-", "/")), ("M2", f"Version: {item['version']}")]
            if page
            else []
        ),
        *([("DO", item["DOI"])] if "DOI" in item else []),
        ("UR", item["URL"]),
        *([("Y2", "YYYY/MM/DD")] if page else []),
        ("ER", ""),
    ]
    return "\n".join(f"{tag}  - {value}" for tag, value in lines)


def csl(items: list[Item]) -> str:
    day = {"accessed": {"date-parts": [["YYYY", "MM", "DD"]]}}
    seen = [item | (day if item["type"] in OWN else {}) for item in items]
    text = json.dumps(seen, ensure_ascii=False, indent=1)
    return re.sub(  # a date in a line
        r'\{\s+"date-parts": \[\s+\[([^\]]+)\]\s+\]\s+\}',
        lambda m: f'{{"date-parts": [[{", ".join(m[1].replace(",", " ").split())}]]}}',
        text,
    )


def apa(item: Item) -> str:
    """Return a page as a reference in the style of APA, in Markdown."""
    issued = date(*item["issued"]["date-parts"][0])
    author = item["author"][0]["literal"].removeprefix("The ")
    within = f" {item['container-title']}." if "container-title" in item else ""
    return (
        f"{author}. ({issued.year}, {issued:%B} {issued.day}). *{item['title']}* (Version "
        f"{item['version']}).{within} {item['URL']}"
    )


class Form(NamedTuple):
    """A citation in one format: its text, and the text that waits for the day of the visit."""

    name: str
    text: str
    dated: str


def forms(items: list[Item], method: str = "") -> list[Form]:
    """Return pages and tables in three formats; the capitals of `method` in titles stay."""
    texts = {
        "BibTeX": "\n\n".join(bibtex(item, method) for item in items),
        "RIS": "\n".join(map(ris, items)),
        "CSL-JSON": csl(items),
    }
    return [Form(name, undated(text), text) for name, text in texts.items()]


def undated(text: str) -> str:
    r"""Return a text without the line of the day on which it was looked up.

    >>> undated("UR  - u\nY2  - YYYY/MM/DD\nER  - ")
    'UR  - u\nER  - '
    """
    return re.sub(r",?\n[^\n]*YYYY[^\n]*(,)?(?=\n)", r"\1", text)


def files(m: Method, catalog: Catalog, site: Site) -> dict[str, str]:
    """Return a page and everything that it cites as files, by the ends of their names."""
    page, papers = page_item(m, site), [catalog.papers[key] for key in m.references]
    items = [page, *map(paper_item, papers)]
    texts = {
        "bib": "\n\n".join([bibtex(page, m.title), *(paper.bibtex for paper in papers)]),
        "ris": "\n".join(map(ris, items)),
        "csl.json": csl(items),
    }
    return {end: f"{undated(text)}\n" for end, text in texts.items()}


def _day(item: Item) -> str:
    year, month, day = item["issued"]["date-parts"][0]
    return f"{year}-{month:02}-{day:02}"
