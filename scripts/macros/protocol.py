"""Protocol of the review: its questions, what was read, and the way to the verdicts."""

from __future__ import annotations

from collections import Counter
from functools import cache

from scripts.catalog.before import changes, read_before
from scripts.catalog.records import DIMENSIONS, Method
from scripts.catalog.sensitivity import judged, outcomes
from scripts.macros.page import Part, catalog, macro, short
from scripts.survey.facts import peft
from scripts.survey.facts.say import listed
from scripts.survey.sources.sources import (
    Flow,
    Reading,
    flow,
    read_candidates,
    read_looked_up,
    readings,
)

FILE = "protocol.html"


@cache
def read_sources() -> tuple[list[Reading], Flow]:
    """Return what has been read of each publication, and the flow."""
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


def query(m: Method) -> str:
    names = dict.fromkeys([m.title, m.name, *m.names])
    called = " OR ".join(f'"{name}"' for name in names)
    return f'({called}) AND ("fine-tuning" OR "adapter") AND ("LoRA" OR "full fine-tuning")'


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
        """The flow of publications, as a picture and as a table."""
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
    def searches(self) -> str:
        ran = read_candidates().searched
        rows = [(m, query(m), ran.get(m.slug)) for m in catalog().survey if m.graded]
        return self.page.draw("searches", rows, sum(day is not None for *_, day in rows), file=FILE)

    @macro("table")
    def looked_up(self) -> str:
        """Tabulate the queries of stored public repositories and pages, and what was kept."""
        found = read_looked_up()
        self.page.cite(r.kept for r in found.repositories if r.kept)
        self.page.cite(found.titles.kept)
        return self.page.draw("looked_up", found, file=FILE)

    @macro("text")
    def drawn_cells(self) -> str:
        """Count the cells that were drawn, could be looked up, and were wrong."""
        draw = read_looked_up().draw
        self.page.cite(draw.unread)
        return self.page.draw("drawn", draw, file=FILE)

    @macro("table")
    def sensitivity(self) -> str:
        return self.page.draw("sensitivity", outcomes(), judged(), DIMENSIONS, file=FILE)

    @macro("text")
    def confirmed_then(self, which: str) -> str:
        """The least or the most verdicts that are confirmed under any other choice."""
        numbers = [o.confirmed for o in outcomes()]
        return str(min(numbers) if which == "least" else max(numbers))

    @macro("list")
    def changed_verdicts(self) -> str:
        before = read_before()
        found = list(changes(catalog().methods.values(), before))
        return self.page.draw("changed", found, before, DIMENSIONS, file=FILE)
