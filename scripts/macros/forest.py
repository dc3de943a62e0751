"""Effects of a method over LoRA and over full fine-tuning, by source, and risks of bias."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.catalog import corrections
from scripts.catalog.exports import read_site
from scripts.catalog.records import Method
from scripts.macros.page import Part, catalog, macro, names, short
from scripts.macros.views import Views
from scripts.survey.facts.papers import outside
from scripts.survey.facts.result import FULL, Source
from scripts.survey.sources import baselines, bias
from scripts.survey.sources.bias import DOMAINS, GROUPS, Group, Risk, judged, overall
from scripts.survey.sources.certainty import MATTERS, word
from scripts.survey.sources.evidence import LORA
from scripts.survey.sources.forest import Comparison, Line, Side, read, sources

FARTHEST = 20.0
"""Points from nothing up to which an axis goes: what is farther is written there as a number."""

SINGLE: tuple[Group, ...] = ("benchmark", "here")
"""Groups of one source, which is called as they are."""

CALLED = {LORA: "LoRA", FULL: "full fine-tuning"}
WHOSE: dict[Side, str] = {
    "all": "all sources together", "home": "its authors together", "away": "others together"
}  # fmt: skip
LANES = {"effect": "one source", "mean": "together"}


def called(source: Source) -> str:
    who = bias.group(source, ())
    if who in SINGLE:
        return GROUPS[who]
    others, name = outside(), short(source.key)
    own = [others.get(m) or names()[m][0] for m in source.authors_of]
    return f"{name} ({own[0]})" if own else name


def whose(line: Line) -> str:
    name = called(line.source)
    if line.group in SINGLE:
        return name + ", not pooled" * (line.group == "here")
    return f"{name}, {'rivals' if line.group == 'rivals' else GROUPS[line.group]}"


def risk(key: str, own: Sequence[str]) -> Risk | None:
    """Return a source's risk where it has the modules of a method; nothing without a table."""
    for source in sources():
        tables = [table for table in source.tables if {r.method for r in table.rows} & {*own}]
        if source.key == key and tables:
            return overall(judged(source, tables, bias.read(), own))
    return None


class Forests(Part):
    @macro("text")
    def domains(self) -> str:
        return "; ".join(f"*{name}*: {question}" for name, question in DOMAINS.values())

    @macro("table")
    def baselines(self) -> str:
        """Return the index of baselines, a row a paper, with an address for each."""
        site, page = read_site(), "findings/papers/"
        rows = [
            (row, corrections.form(site, corrections.REPLY, address=f"{site.url}{page}#{key}"))
            for row in baselines.records()
            if (key := str(row["source_key"]))
        ]
        self.page.cite(str(row["source_key"]) for row, _ in rows)
        return self.page.style() + self.page.draw(
            "baselines",
            rows,
            file="forest.html",
            kind="ah lab",
            found=False,
            given={"short": short},
        )

    def own_effects(self, method: Method) -> str:
        """Return sources' effects of a page's method against both baselines; nothing if none."""
        found = [each[method.slug] for each in read().values() if method.slug in each]
        if not found:
            return ""
        html = self._draw("own_effects", found)
        for each in found:
            html = html.replace("<!--figure-->", self._figure(each).replace("\n", " "), 1)
        return html

    def _figure(self, each: Comparison) -> str:
        """Draw a method's effects against a baseline: a row a source, then all together."""
        rows = {f"{each.method} {line.source.key}": whose(line) for line in each.lines}
        rows |= {
            each.method if side == "all" else f"{each.method} {side}": words
            for side, words in WHOSE.items()
            if each.over(side)
        }
        return Views(self.page).figure(
            f"pooled/{each.baseline}",
            "effect",
            f"Points by which {catalog().methods[each.method].title} is ahead of"
            f" {CALLED[each.baseline]}, with 95 % intervals; grey: less than {MATTERS:g} points",
            rows,
            lanes=LANES,
            sides=("← behind", "ahead →"),
            across="points of the metric’s range",
            note="comparisons",
            band=MATTERS,
            farthest=FARTHEST,
            linked=False,
            table=True,
        )

    def _draw(self, name: str, *arguments: object) -> str:
        given = {"called": called, "GROUPS": GROUPS, "CALLED": CALLED, "WHOSE": WHOSE, "word": word}
        return self.page.draw(name, *arguments, found=False, file="forest.html", given=given)
