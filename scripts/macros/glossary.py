"""The glossary, and links to what a word means."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import NamedTuple

import yaml

from scripts.bootstrap import ROOT
from scripts.macros.page import Part, macro

TERMS = ROOT / "docs" / "data" / "glossary.yml"


class Term(NamedTuple):
    """A word, what it means, and its place in the glossary."""

    term: str
    says: str
    key: str


@cache
def terms() -> dict[str, Term]:
    """Return all words, in the order of the file.

    Raises:
        ValueError: when two have one place.
    """
    rows = yaml.safe_load(TERMS.read_text("utf-8"))
    found = [Term(r["term"], r["says"], r.get("key", r["term"].replace(" ", "-"))) for r in rows]
    keys = [t.key for t in found]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"{TERMS.name}: two terms have the place {', '.join(sorted(twice))}")
    return {t.term: t for t in found}


class Glossary(Part):
    @macro("list")
    def glossary(self) -> str:
        return self.page.draw("glossary", list(terms().values()))

    @macro()
    def term(self, name: str, text: str = "") -> str:
        """A word of the glossary, which leads there and tells a pointer what it means.

        Raises:
            LookupError: when the glossary has no such word.
        """
        if name not in terms():
            raise LookupError(f"the glossary has no {name!r}")
        found = terms()[name]
        address = f"{self.page.root}glossary/#{found.key}"
        return f'<a class="term" href="{address}" title="{escape(found.says)}">{text or name}</a>'
