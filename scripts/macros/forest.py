"""Effects of methods over LoRA and over full fine-tuning, by source, and their certainty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from scripts.catalog.records import Method
from scripts.macros.figures import Lane, Row, Rows, Value, around
from scripts.macros.page import Part, catalog, macro, names, short
from scripts.survey.facts import peft
from scripts.survey.facts.papers import outside
from scripts.survey.facts.result import FULL, Source
from scripts.survey.facts.say import listed, number
from scripts.survey.results import experiment
from scripts.survey.sources import bias
from scripts.survey.sources.bias import (
    DOMAINS,
    GROUPS,
    Domain,
    Group,
    Judged,
    Risk,
    judged,
    overall,
)
from scripts.survey.sources.certainty import GRADES, MATTERS, Grade, word
from scripts.survey.sources.evidence import LORA
from scripts.survey.sources.forest import SIDES, Comparison, Line, Side, read, sources
from scripts.survey.statistics.pool import Pooled

FILE = "forest.html"
WIDTH = 560  # pixels, of a drawing in a fold
FARTHEST = 20.0
"""Points from nothing up to which an axis goes: what is farther is written there as a number."""

COLOURS: dict[Group, str] = {
    "authors": "own", "rivals": "others", "independents": "independent", "benchmark": "benchmark",
    "here": "control",
}  # fmt: skip
SINGLE: tuple[Group, ...] = ("benchmark", "here")
"""Groups of one source, which is called as they are."""

ABOVE: dict[Group, str] = {"benchmark": "a benchmark", "here": "ours, not pooled"}
"""Headings of groups in a figure, so that they are not taken for papers of independents."""

NO_PAPERS = (peft.KEY, experiment.KEY)
CALLED = {LORA: "LoRA", FULL: "full fine-tuning"}
WHOSE: dict[Side, str] = {"all": "all sources", "home": "its authors", "away": "others"}
ONE, TOGETHER = Lane("one source"), Lane("together; thin: where the next source may lie", "diamond")
ACROSS = "points of the metric’s range"


class Together(NamedTuple):
    """The mean over some sources, as pages show it."""

    side: Side
    sources: int
    pooled: Pooled


class Shown(NamedTuple):
    found: Comparison
    against: str
    comparisons: int
    together: dict[Side, Together | None]
    word: str
    lines: Sequence[Line]


def shown(found: Comparison) -> Shown:
    over = {side: (len(found.of(side)), found.over(side)) for side in SIDES}
    together = {s: pooled and Together(s, n, pooled) for s, (n, pooled) in over.items()}
    return Shown(
        found,
        CALLED[found.baseline],
        sum(len(line.units) for line in found.of("all")),
        together,
        word(found.all),
        found.lines,
    )


def called(source: Source) -> str:
    who = bias.group(source, ())
    if who in SINGLE:
        return GROUPS[who]
    name, own = short(source.key), methods_of(source)
    return f"{name} ({own[0]})" if own else name


def methods_of(source: Source) -> list[str]:
    """Return the names of the methods whose authors a source is by, of this catalogue or not."""
    others = outside()
    return list(dict.fromkeys(others.get(m) or names()[m][0] for m in source.authors_of))


def heading(words: str) -> Row:
    return Row(words[0].upper() + words[1:], ())


def axis(values: Iterable[float]) -> tuple[float, ...]:
    """Return the values that an axis shows, zero among them, no farther than `FARTHEST`."""
    return (0.0, *(max(-FARTHEST, min(FARTHEST, value)) for value in values))


def together(pooled: Pooled, parts: Sequence[float] = ()) -> Value:
    return Value(*pooled.interval, parts=tuple(parts), least=pooled.least, most=pooled.most)


def of_method(found: Comparison) -> Rows:
    """Return a method's figure against a baseline: a line a source, then all together."""
    rows = list[Row]()
    for who, lines in groupby(found.lines, key=lambda line: line.group):
        rows.append(heading(ABOVE.get(who, GROUPS[who])))
        rows += [
            Row(called(e.source), (Value(*e.interval), None), COLOURS[who], f"{len(e.units)}")
            for e in lines
        ]
    pooled = {side: over for side in SIDES if (over := found.over(side))}
    if pooled:
        rows.append(heading("together"))
    rows += [
        Row(WHOSE[side], (None, together(over)), "best", f"{len(found.of(side))}")
        for side, over in pooled.items()
    ]
    ends = [line.effect for line in found.lines]
    ends += [end for over in pooled.values() for end in (*over.interval, over.least, over.most)]
    lanes = [ONE, TOGETHER] if pooled else [ONE]
    if not pooled:
        rows = [row._replace(values=row.values[:1]) for row in rows]
    return Rows(
        f"Points by which {catalog().methods[found.method].title} is ahead of"
        f" {CALLED[found.baseline]}, with 95 % intervals. At the right: comparisons, or sources."
        f" Grey: less than {number(MATTERS, 0)} points",
        around(ACROSS, axis(ends)),
        0,
        ("← behind", "ahead →"),
        rows,
        lanes,
        band=MATTERS,
        noted="n",
        width=WIDTH,
        alone=True,
    )


def of_all(baseline: str) -> Rows:
    """Return the figure of all methods against a baseline, the best first, few sources last."""
    order = {slug: found for slug, found in read()[baseline].items() if found.of("all")}
    pooled = {slug: each for slug, each in order.items() if each.all}
    rest = [each for slug, each in order.items() if slug not in pooled]

    def row(each: Comparison, values: tuple[Value | None, ...]) -> Row:
        page = catalog().methods[each.method]
        n = f"{len(each.of('all'))}"
        return Row(page.title, values, page.theme, n, f"{page.url}#effect")

    def mean(each: Comparison) -> float:
        return each.all.mean if each.all else simple(each)

    rows = [
        row(each, (together(each.all, [line.effect for line in each.of("all")]), None))
        for each in sorted(pooled.values(), key=mean, reverse=True)
        if each.all
    ]
    rows.append(heading("one or two sources"))
    rows += [
        row(each, (None, Value(mean(each), mean(each), mean(each), parts=parts(each))))
        for each in sorted(rest, key=mean, reverse=True)
    ]
    ends = [end for each in pooled.values() if each.all for end in each.all.interval]
    ends += [line.effect for each in order.values() for line in each.of("all")]
    lanes = [
        Lane("three sources or more; short marks: each of them", "diamond"),
        Lane("one or two", hollow=True),
    ]
    return Rows(
        f"Points by which each method is ahead of {CALLED[baseline]}, over all sources. Thick: 95 %"
        " interval of the mean. Thin: where the next source may lie. At the right: sources",
        around(
            ACROSS, axis([*ends, *(line.effect for e in order.values() for line in e.of("all"))])
        ),
        0,
        ("← behind", "ahead →"),
        rows,
        lanes,
        headline(baseline),
        band=MATTERS,
        noted="n",
        broad=True,
        alone=True,
    )


def simple(each: Comparison) -> float:
    effects = [line.effect for line in each.of("all")]
    return sum(effects) / len(effects)


def parts(each: Comparison) -> tuple[float, ...]:
    effects = tuple(line.effect for line in each.of("all"))
    return effects if len(effects) > 1 else ()


def headline(baseline: str) -> str:
    said = Counter(word(each.all) for each in read()[baseline].values() if each.all)
    parts = [
        f"{said[name] or 'none'} {'are' if said[name] > 1 else 'is'} {name}"
        for name in ("ahead", "behind", "level")
    ]
    against = f"{parts[0]} of {CALLED[baseline]} with its whole interval, {parts[1]}, {parts[2]}"
    return f"Of {said.total()} methods with three sources or more {against}"


# Risk of bias -------------------------------------------------------------------------------------


class Beside(NamedTuple):
    """A source and its judgements, as a row of a table."""

    key: str
    name: str
    judged: Judged
    overall: Risk


def by_source() -> list[Beside]:
    typed, rows = bias.read(), []
    for source in sources():
        found = judged(source, source.tables, typed)
        if own := methods_of(source):
            found["interest"] = found["interest"]._replace(says=f"authors of {listed(own)}")
        rows.append(Beside(source.key, called(source), found, overall(found)))
    return rows


def risk(key: str, own: Sequence[str]) -> Risk | None:
    """Return a source's risk where it has the modules of a method; nothing without a table."""
    for source in sources():
        tables = [table for table in source.tables if {r.method for r in table.rows} & {*own}]
        if source.key == key and tables:
            return overall(judged(source, tables, bias.read(), own))
    return None


class Forests(Part):
    @macro("table")
    def all_effects(self) -> str:
        """Every method against LoRA as a figure, and against both as tables."""
        found = {name: sorted(read()[name].values(), key=_rank) for name in CALLED}
        tables = [(CALLED[name], [shown(e) for e in some]) for name, some in found.items()]
        return self.page.figure(of_all(LORA)) + self._draw("all_effects", tables, names_of())

    @macro("table")
    def certainties(self) -> str:
        """Count the effects of each grade of certainty."""
        counts: dict[str, Counter[Grade]] = {
            CALLED[name]: Counter(each.certainty.grade for each in found.values() if each.of("all"))
            for name, found in read().items()
        }
        return self._draw("certainties", counts, GRADES[::-1])

    @macro("table")
    def risks(self) -> str:
        rows = by_source()
        self.page.cite(row.key for row in rows)
        return self._draw("risks", rows, DOMAINS)

    @macro("text")
    def risk_counts(self) -> str:
        """Count the risks of each domain, in a sentence for each domain."""
        rows = by_source()
        counts: dict[Domain, Counter[Risk]] = {
            domain: Counter(row.judged[domain].risk for row in rows) for domain in DOMAINS
        }
        papers = sum(row.key not in NO_PAPERS for row in rows)
        return self._draw("risk_counts", counts, DOMAINS, len(rows), papers)

    def own_effects(self, method: Method) -> str:
        """Return sources' effects of a page's method against both baselines; nothing if none."""
        found = [each[method.slug] for each in read().values() if method.slug in each]
        if not found:
            return ""
        figures = [self.page.figure(of_method(each)) for each in found]
        html = self._draw("own_effects", [shown(each) for each in found], DOMAINS)
        for figure in figures:
            html = html.replace("<!--figure-->", figure.replace("\n", " "), 1)
        return html

    def _draw(self, name: str, *arguments: object) -> str:
        given = {"called": called, "GROUPS": GROUPS, "WHOSE": WHOSE}
        return self.page.draw(name, *arguments, found=False, file=FILE, given=given)


def names_of() -> dict[str, str]:
    return {slug: method.title for slug, method in catalog().methods.items()}


def _rank(each: Comparison) -> tuple[bool, float]:
    few = each.all is None
    return few, -(each.all.mean if each.all else simple(each) if each.of("all") else -FARTHEST)
