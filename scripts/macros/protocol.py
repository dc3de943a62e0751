"""Protocol of the review: its questions, what was read, and the way to the verdicts."""

from __future__ import annotations

from collections import Counter
from functools import cache

from scripts.catalog.records import DIMENSIONS
from scripts.catalog.sensitivity import judged, outcomes
from scripts.macros.figures import Lane, Row, Rows, Value, around
from scripts.macros.page import Part, catalog, macro
from scripts.macros.views import WIDTH
from scripts.survey.facts.say import listed
from scripts.survey.sources.sources import (
    Flow,
    Reading,
    flow,
    read_candidates,
    readings,
)

FILE = "protocol.html"


@cache
def read_sources() -> tuple[list[Reading], Flow]:
    graded = [m for m in catalog().methods.values() if m.graded]
    votes = Counter(
        key
        for m in graded
        for d in DIMENSIONS
        for key in {finding.source_key for finding in m.found(d)}
    )
    defining = {key for m in catalog().methods.values() for key in m.papers[:1]}
    found = readings(catalog().papers, defining, votes)
    judged = sum(bool(m.found(d)) for m in graded for d in DIMENSIONS)
    return found, flow(found, len(read_candidates().excluded), judged)


class Protocol(Part):
    @macro("figure")
    def source_flow(self) -> str:
        return self.page.draw("flow", read_sources()[1], file=FILE)

    @macro("list")
    def reading_list(self) -> str:
        """Every publication: what of it has been read, and in how many verdicts it votes."""
        found, _ = read_sources()
        self.page.cite(r.key for r in found)
        titles: dict[str, list[str]] = {}
        for m in catalog().methods.values():
            titles.setdefault(m.papers[0], []).append(m.title)
        of = {key: listed(some) for key, some in titles.items()}
        return self.page.draw("readings", found, of, file=FILE)

    @macro("figure")
    def sensitivity(self, title: str) -> str:
        """Draw how many verdicts other choices of the rule change, the most first."""
        found = sorted(outcomes(), key=lambda o: -o.changed)
        rows = [
            Row(o.choice.what, (Value(o.changed, o.changed, o.changed),), "full", str(o.confirmed))
            for o in found
        ]
        across = around(f"verdicts that change, of {judged()}", (0, found[0].changed))
        says = (
            "Each choice of the rule is replaced alone; at the right: how many are confirmed then"
        )
        about = (says, across, 0, ("", ""), rows, [Lane("")], title)
        return self.page.figure(Rows(*about, noted="confirmed", width=WIDTH), table=True)
