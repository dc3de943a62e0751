"""Corrections to the source survey: on a method's page, and all of them by kind and severity."""

from __future__ import annotations

from itertools import groupby

from scripts.catalog.corrections import REPLY, form
from scripts.catalog.errata import every
from scripts.macros.page import Part, catalog, macro
from scripts.survey.sources.errata import KINDS, SEVERITIES, Kind, Placed, standing

FILE = "errata.html"
MEANINGS: dict[Kind, tuple[str, str]] = {
    "number": ("Numbers", "A number, or what was measured"),
    "mathematics": ("Mathematics", "What a formula says, or is said to do"),
    "sketch": ("Sketches", "Code that fails, or that computes something else"),
    "evidence": ("Evidence", "What is said to have been shown, and what grades rest on"),
    "attribution": ("Attribution", "Names, authors, years, venues and addresses"),
    "addition": ("Additions", "No mistakes: what an entry leaves out and a reader may want"),
}
"""The title of each kind's section, and what belongs there."""


class ErrataLists(Part):
    @macro("list")
    def errata_list(self) -> str:
        m = catalog().methods[self.page.url.removeprefix("methods/")]
        address = form(self.page.site, REPLY, address=f"{self.page.site.url}{self.page.url}/")
        return self.page.draw("own", m, address, file=FILE)

    @macro("list")
    def errata_by_kind(self) -> str:
        found = every(catalog())
        left = standing(found)
        self.page.cite(s.key for _, e in found for s in e.sources)
        entries = [slug for slug in catalog().methods if any(p.slug == slug for p in left)]
        parts = [
            self.page.draw("filter", entries, SEVERITIES, file=FILE, found=False),
            '<div id="corrections" markdown>\n',
        ]
        for kind in KINDS:
            name, meaning = MEANINGS[kind]
            some = [p for p in left if p.erratum.kind == kind]
            parts.append(f"## {name} {{ #{kind} }}\n")
            parts.append(
                self.page.draw("of_kind", meaning, by_severity(some), file=FILE, found=False)
            )
        withdrawn = [p for p in found if p.erratum.withdrawn]
        parts += ["</div>", self.page.draw("withdrawn", withdrawn, file=FILE, found=False)]
        return "\n".join(parts)


def by_severity(found: list[Placed]) -> list[tuple[str, list[Placed]]]:
    groups = groupby(found, key=lambda p: p.erratum.severity or "")
    return [(severity, [*some]) for severity, some in groups]
