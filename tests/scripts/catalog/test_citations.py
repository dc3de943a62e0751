"""A page can be cited in every format, with its version, its state and the day of the visit."""

from __future__ import annotations

import json
import re

import pytest
from pybtex.database import parse_string

from scripts.catalog import citations, read
from scripts.catalog.exports import Site

SITE = Site("https://example.org/", "A site", "Its authors", "2026-01-02", "1.2.3")


@pytest.mark.parametrize("slug", list(read().methods))
def test_files_hold_the_page_with_its_version_and_day_and_all_that_it_cites(slug: str) -> None:
    m = read().methods[slug]
    page, text = citations.page_item(m, SITE), f"{m.title}: {m.name}"
    (entry,) = parse_string(citations.bibtex(page, m.title), "bibtex").entries.values()
    names = ("version", "date", "urldate", "url")
    assert [entry.fields[name] for name in names] == [
        "1.2.3", "2026-01-02", "YYYY-MM-DD", f"https://example.org/methods/{slug}/",
    ]  # fmt: skip
    assert re.sub(r"[{}]", "", entry.fields["title"]) == text
    files = citations.files(m, read(), SITE)
    wanted = [read().papers[key].title for key in m.references]
    csl = json.loads(files["csl.json"])
    assert [item["title"] for item in csl[1:]] == wanted
    assert csl[0]["issued"] == {"date-parts": [[2026, 1, 2]]}
    assert re.findall(r"^TI  - (.*)$", files["ris"], re.M)[1:] == wanted
    assert len(parse_string(files["bib"], "bibtex").entries) == len(wanted) + 1
    assert not any("YYYY" in text for text in files.values())


def test_ris_has_the_tags_that_zotero_keeps_of_a_web_page() -> None:
    """Its RIS.js maps these to fields of a web page; others would end as notes."""
    text = citations.ris(citations.page_item(read().methods["lora"], SITE))
    lines = text.split("\n")
    assert lines[0] == "TY  - ELEC"
    assert lines[-1] == "ER  - "
    tags = {line[:2] for line in lines if re.match(r"[A-Z][A-Z0-9]  - ", line)}
    assert tags == {"TY", "AU", "TI", "T2", "PY", "DA", "M2", "UR", "Y2", "ER"}


def test_apa_names_authors_day_title_and_version() -> None:
    assert citations.apa(citations.page_item(read().methods["dora"], SITE)) == (
        "Its authors. (2026, January 2). *DoRA: Weight-Decomposed Low-Rank Adaptation* "
        "(Version 1.2.3). A site. https://example.org/methods/dora/"
    )


def test_a_paper_with_authors_of_one_name_keeps_them_whole() -> None:
    for paper in read().papers.values():
        for author, name in zip(citations.paper_item(paper)["author"], paper.authors, strict=True):
            whole = author.get("literal") or f"{author['given']} {author['family']}"
            assert whole == name
