"""The foot of a page: its parts keep their addresses, and a correction starts with one."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from pybtex.database import parse_string

from scripts.bootstrap import ROOT
from scripts.catalog.citations import data_item, part_item
from scripts.catalog.corrections import FORM, correction
from scripts.catalog.exports import Site
from scripts.finish.foot import add_foot, add_state, cite, named

SITE = Site("https://example.org/a/", "T", "A", "2026-01-02", "1", "https://git.example/a/a")
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
PAGE = """<body><article>
<adapter-demo id="try-lora" method="lora" data-name="LoRA"><table></table></adapter-demo>
<figure class="drawn"><figcaption>Before any heading. More.</figcaption></figure>
<h2 id="basis">Basis</h2>
<figure class="drawn">
<figcaption><strong>Few &amp; <em>far</em></strong> It shows.</figcaption></figure>
<div class="scroll wide" tabindex="0" aria-label="All"><sortable-table><table>
<caption>One. Two.</caption></table></sortable-table></div>
<div class="scroll" tabindex="0" aria-label="Methods"><table></table></div>
<div class="scroll"><pre></pre></div>
</article></body>"""


def test_parts_are_named_by_the_heading_above_and_their_kind() -> None:
    html, parts = named(PAGE)
    assert [(part.id, part.title) for part in parts] == [
        ("try-lora", "Widget: LoRA"),
        ("figure", "Figure: Before any heading"),
        ("basis-figure", "Figure: Few & far"),
        ("basis-all", "Table: One"),
        ("basis-methods", "Table: Methods"),
    ]
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)) == 6
    assert '<div class="scroll wide" tabindex="0" aria-label="All" id="basis-all">' in html
    assert re.sub(r' id="(figure|basis-(?:figure|all|methods))"', "", html) == PAGE


def test_a_page_has_a_foot_with_its_parts_and_a_form() -> None:
    html = add_foot(PAGE, "methods/lora/", SITE)
    assert html.count("</aside></article>") == 1
    assert '<a href="?embed=basis-figure" target="_blank">Figure: Few &amp; far</a>' in html
    (link,) = re.findall(r'class="correct" href="([^"]+)"', html)
    assert parse_qs(urlsplit(link.replace("&amp;", "&")).query) == {
        "template": [FORM],
        "address": ["https://example.org/a/methods/lora/"],
    }
    assert "Embed a part" not in add_foot("<article></article>", "about/", SITE)
    assert add_foot("<body></body>", "about/", SITE) == "<body></body>"
    assert add_foot(PAGE, "", SITE) == PAGE  # the home page


def test_a_foot_cites_the_page_and_each_of_its_tables() -> None:
    items = [
        part_item("Head & shoulders", "head-to-head/", SITE),
        data_item("errata", "All errata", "data/errata.csv", SITE),
    ]
    html = add_foot(PAGE, "head-to-head/", SITE, items)
    assert (
        "<em>Head &amp; shoulders</em> (Version 1). T. https://example.org/a/head-to-head/" in html
    )
    listings = [
        unescape(found) for found in re.findall(r"<code data-dated[^>]*>([^<]+)</code>", html)
    ]
    bib, ris, csl = listings
    page, table = parse_string(bib, "bibtex").entries.items()
    assert (page[0], page[1].fields["title"]) == ("adapters2026headtohead", "Head \\& shoulders")
    assert (table[0], table[1].fields["note"]) == ("adapters2026erratadata", "Data set")
    assert table[1].fields["url"] == "https://example.org/a/data/errata.csv"
    assert re.findall(r"^TY  - (.*)$", ris, re.M) == ["ELEC", "DATA"]
    assert [item["type"] for item in json.loads(csl)] == ["webpage", "dataset"]
    assert "Cite this page" not in add_foot(PAGE, "methods/lora/", SITE)


def test_a_page_says_from_which_commit_it_was_built_and_cites_it() -> None:
    places = '<span data-cite=""></span><div data-cite=""></div><span data-built=""></span>'
    built = SITE._replace(commit="0123456789ab-dirty")
    html = add_state(cite(places, part_item("A page", "a/", built)), built)
    assert html.endswith(
        'Version 1, commit <a href="https://git.example/a/a/commit/0123456789ab">'
        "0123456789ab-dirty</a>, 2 January 2026."
    )
    assert "<em>A page</em> (Version 1, commit 0123456789ab-dirty). T." in html
    listings = re.findall(r"<code data-dated[^>]*>([^<]+)</code>", html)
    assert [text.count("commit 0123456789ab-dirty") for text in listings] == [1, 1, 1]
    assert add_state(places, SITE).endswith("Version 1, 2 January 2026.")


def test_a_correction_fills_in_fields_that_the_form_has() -> None:
    address = correction(SITE, "methods/lora/#grade-BL", "contested & more")
    assert address.startswith("https://git.example/a/a/issues/new?")
    fields = parse_qs(urlsplit(address).query)
    assert fields.pop("template") == [FORM]
    assert fields["address"] == ["https://example.org/a/methods/lora/#grade-BL"]
    form = yaml.safe_load((FORMS / FORM).read_text("utf-8"))
    assert fields.keys() < {part["id"] for part in form["body"] if "id" in part}


@pytest.mark.parametrize("name", ["correction.yml", "paper.yml", "reply.yml"])
def test_a_form_is_one_that_github_takes(name: str) -> None:
    form: dict[str, Any] = yaml.safe_load((FORMS / name).read_text("utf-8"))
    needed = {"name", "description", "body"}
    assert needed <= form.keys() <= {*needed, "title", "labels"}
    ids = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(ids) == len(set(ids))
    for part in form["body"]:
        assert part["type"] in {"input", "textarea", "dropdown", "checkboxes", "markdown"}
        assert part["attributes"].get("label") or part["type"] == "markdown"
        assert len(set(part["attributes"].get("options", "ab"))) > 1
