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


def test_a_paper_with_authors_of_one_name_keeps_them_whole() -> None:
    for paper in read().papers.values():
        for author, name in zip(citations.paper_item(paper)["author"], paper.authors, strict=True):
            whole = author.get("literal") or f"{author['given']} {author['family']}"
            assert whole == name
