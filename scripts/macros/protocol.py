"""Protocol of the review: its questions, what was read, and the way to the verdicts."""

from __future__ import annotations

from collections import Counter
from functools import cache

from scripts.catalog.records import DIMENSIONS
from scripts.catalog.sensitivity import judged, outcomes
from scripts.macros.page import Part, catalog, macro, short
from scripts.survey.facts import peft
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
    @macro("text")
    def publications_read(self) -> str:
        found = read_sources()[1]
        return str(found.voting + found.by_abstract)

    @macro("table")
    def set_by_authors(self) -> str:
        return str(sum(bool(run.settings_by) for run in peft.runs("metamathqa")))

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

    @macro("list")
    def left_out(self) -> str:
        found = read_candidates().excluded
        self.page.cite(found)
        return "; ".join(f"{short(key)} ({why})" for key, why in found.items())

    @macro("table")
    def sensitivity(self) -> str:
        return self.page.draw("sensitivity", outcomes(), judged(), file=FILE)

    @macro("text")
    def confirmed_then(self, which: str) -> str:
        """The least or the most verdicts that are confirmed under any other choice."""
        numbers = [o.confirmed for o in outcomes()]
        return str(min(numbers) if which == "least" else max(numbers))
