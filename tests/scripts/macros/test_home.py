"""The home page's words follow from data, and every page has one place in the ways."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from scripts.bootstrap import ROOT
from scripts.survey.sources.providers import facts

DOCS = ROOT / "docs"
QUESTIONS = [p for p in (DOCS / "questions").glob("*.md") if p.stem != "index"]


def test_methods_win_most_comparisons_at_home_and_fewer_than_half_away() -> None:
    cells = {fact.column: fact.value for fact in facts().of("field")[""]["lora"]}
    assert cells["home"] > 0.5 > cells["away"]


def listed(part: Any) -> Iterator[str]:
    """Yield the pages of a part of the navigation."""
    if isinstance(part, str):
        yield part
    for inner in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        yield from listed(inner)


def test_every_page_is_in_the_navigation_once() -> None:
    nav = yaml.safe_load((DOCS / ".nav.yml").read_text("utf-8"))["nav"]
    ways = {path.parent for path in DOCS.rglob(".nav.yml")} - {DOCS}
    own = {*ways, DOCS / "methods"}  # folders whose ways are their own, the latter's by the build
    pages = [
        path.relative_to(DOCS).as_posix()
        for path in DOCS.rglob("*.md")
        if path.parent not in own and path.name != "index.md"
    ]
    found = Counter(listed(nav))
    assert {page: found[page] for page in pages if found[page] != 1} == {}
    assert [*nav[0]] == ["Story"]


def test_a_short_answer_comes_first_and_says_what_it_does_not() -> None:
    for path in QUESTIONS:
        text = path.read_text("utf-8")
        assert re.search(r"\n# [^\n]*\?\n\n[^\n]+\n\{ \.lead \}\n", text), path
        assert "\n## What this does not say\n" in text, path
        assert "fact(" in text, path
