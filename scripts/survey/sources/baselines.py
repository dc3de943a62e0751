"""The index of baselines: whether LoRA's learning rate was searched, paper by paper.

All is read off the tables. What only a paper's words tell, and what the public list says of it,
stands under `index` in the paper's file. The list is `LIST`: its rule counts LoRA's rate alone, as
searched where a paper tries three values or says that it was tuned, for any model and task.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from math import hypot
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple, TypeAlias

from scripts.bootstrap import ROOT
from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact
from scripts.survey.facts.papers import read_tables
from scripts.survey.facts.reader import as_csv
from scripts.survey.facts.result import Rates, Source
from scripts.survey.sources import bias, forest
from scripts.survey.sources.bias import LORA, Judged, judged, overall
from scripts.survey.statistics.intervals import Interval
from scripts.survey.statistics.pool import ENOUGH, Pooled, pooled

FACTS = "baselines"
LIST = "awesome-lora-paper-list/README.md of yuang-lee/lr-matters-lora at commit a1d8a568"

Word: TypeAlias = Literal[
    "searched", "searched in part", "one rate", "not searched", "not stated", "no LoRA", "no table"
]
WORDS: dict[Rates, Word] = {
    "both_tuned": "searched", "shared": "one rate", "method_tuned": "not searched",
    "unknown": "not stated",
}  # fmt: skip
UNSEARCHED: tuple[Rates, ...] = ("shared", "unknown", "method_tuned")
"""From the least to the most unfair: of equally many tables the milder counts."""


class Paper(NamedTuple):
    source: Source
    word: Word
    searched: int  # tables in which LoRA's rate was searched
    of: int  # tables with a row of LoRA
    copied: bool  # LoRA's rows in them are another paper's
    risks: Judged
    ratio: float | None  # the median size of its own methods, of LoRA's

    @property
    def unknown(self) -> int:
        index = self.source.index
        cells = (index.over, index.place, index.trained, self.ratio)
        blank = sum(self.risks[d].risk == "not stated" for d in ("chosen", "seeds"))
        return sum(cell in ("", None) for cell in cells) + blank + (self.word == "not stated")


@cache
def papers(root: Path = ROOT) -> tuple[Paper, ...]:
    typed, ratios = bias.read(root), defaultdict[str, list[float]](list)
    for each in forest.read(root)[LORA].values():
        for line in each.lines:
            ratios[line.source.key] += [unit.ratio for unit in line.units if unit.ratio]
    return tuple(_paper(source, typed, ratios[source.key]) for source in read_tables(root))


def _paper(source: Source, typed: bias.Typing, ratios: Sequence[float]) -> Paper:
    tables = [t for t in source.tables if any(row.method == LORA for row in t.rows)]
    rates = Counter(table.rates for table in tables)
    searched = [table for table in tables if table.rates == "both_tuned"]
    rows = [row for table in searched for row in table.rows if row.method == LORA]
    copied = bool(rows) and all(row.run.kind == "copied" for row in rows)
    risks = judged(source, source.tables, typed) if source.tables else {}
    ratio = median(ratios) if ratios else None
    numbers = len(searched), len(tables), copied
    return Paper(source, _word(source, rates), *numbers, risks, ratio)


def _word(source: Source, rates: Counter[Rates]) -> Word:
    if not source.tables:
        return "no table"
    if not rates:
        return "no LoRA"
    if rates["both_tuned"]:
        return "searched" if len(rates) == 1 else "searched in part"
    return WORDS[max(UNSEARCHED, key=rates.__getitem__)]


# Effects ------------------------------------------------------------------------------------------


def effect(kinds: Iterable[Rates], side: forest.Side, root: Path = ROOT) -> Pooled | None:
    """Return how far methods are ahead of LoRA where rates were so; a source counts once.

    Comparisons whose tables differ in rates are left out.
    """
    found: dict[str, forest.Line] = {}
    alone = [{kind} for kind in kinds]
    for each in forest.read(root)[LORA].values():
        for line in each.of(side):
            units = tuple(u for u in line.units if {part.table.rates for part in u.parts} in alone)
            if units:
                before = found.get(line.source.key, line._replace(units=()))
                found[line.source.key] = before._replace(units=before.units + units)
    lines = [*found.values()]
    if len(lines) < ENOUGH:
        return None
    return pooled([line.effect for line in lines], [line.variance for line in lines])


def difference(one: Pooled, other: Pooled) -> Interval:
    """Return how much more one mean is, with the interval that both of theirs give (MOVER).

    Source: Zou and Donner 2008, Statistics in Medicine 27.
    """
    mean = one.mean - other.mean
    low = mean - hypot(one.mean - one.low, other.high - other.mean)
    return Interval(mean, low, mean + hypot(one.high - one.mean, other.mean - other.low))


# The second rating --------------------------------------------------------------------------------


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Return Cohen's kappa of two raters: 1 for full agreement, 0 for that by chance.

    >>> kappa([(True, True), (True, False), (False, False), (False, False)])
    0.5
    """
    n, same = len(pairs), sum(a == b for a, b in pairs)
    yes, theirs = (sum(side) / n for side in zip(*pairs, strict=True))
    chance = yes * theirs + (1 - yes) * (1 - theirs)
    return (same / n - chance) / (1 - chance)


def rated(root: Path = ROOT) -> list[tuple[Paper, bool, bool]]:
    """Return the papers that both have rated, whether LoRA's rate was searched: here, there."""
    both = [(p, p.searched > 0, p.source.index.listed) for p in papers(root)]
    return [(p, here, there) for p, here, there in both if there is not None]


# As facts and as a table --------------------------------------------------------------------------

PAPERS = {"home": "own papers", "away": "other papers"}
ROWS: dict[str, tuple[Rates, ...]] = {
    "all others": UNSEARCHED,
    **{kind: (kind,) for kind in WORDS},
}


def facts(root: Path = ROOT) -> Iterator[Fact]:
    where = (FACTS, "", "papers")
    words, both = Counter(paper.word for paper in papers(root)), rated(root)
    agree = sum(here == there for _, here, there in both)
    unknown = sum(paper.unknown for paper in papers(root) if paper.of)
    known = {
        "all": words.total(),
        "with LoRA": words.total() - words["no LoRA"] - words["no table"],
    }
    rest = {"rated twice": len(both), "agree": agree, "unknown cells": unknown}
    for column, count in chain(known.items(), words.items(), rest.items()):
        yield Fact(*where, column, count, f"{count}", "docs/data/tables")
    value = kappa([(here, there) for _, here, there in both])
    yield Fact(*where, "kappa", value, say.number(value, 2), "docs/data/tables")
    for side in forest.SIDES[1:]:
        for row, kinds in ROWS.items():
            if over := effect(kinds, side, root):
                yield _ends(row, side, over.interval)
                count = len(over.weights)
                place = (FACTS, "rates", row, PAPERS[side])
                yield Fact(*place, count, f"{count}", "docs/data/tables")
        one, other = (effect(kinds, side, root) for kinds in (("both_tuned",), UNSEARCHED))
        if one and other:
            found = difference(one, other)
            yield _ends("difference", side, found)
            text = "not told apart" if found.none else "told apart"
            place = (FACTS, "rates", "difference", f"{side} word")
            yield Fact(*place, 0, text, "docs/data/tables", "text")


def _ends(row: str, column: str, found: Interval) -> Fact:
    text = say.signed(found.mean, 1)
    fact = Fact(FACTS, "rates", row, column, found.mean, text, "docs/data/tables")
    return fact._replace(low=found.low, high=found.high)


COLUMNS = (
    "source_key", "lora_rate", "searched_in", "tables", "lora_copied", "says", "range", "place",
    "chosen_on", "training", "seeds", "size", "listed", "differs", "risk",
)  # fmt: skip


def records(root: Path = ROOT) -> list[dict[str, object]]:
    return [dict(zip(COLUMNS, _record(paper), strict=True)) for paper in papers(root)]


def _record(paper: Paper) -> tuple[object, ...]:
    index, risks = paper.source.index, paper.risks
    says = [risks[d].says if risks else "" for d in ("rates", "chosen", "seeds")]
    if risks and risks["rates"].risk == "not stated":
        says[0] = risks["tuning"].says
    ratio = None if paper.ratio is None else round(paper.ratio, 2)
    numbers = (paper.source.key, paper.word, paper.searched, paper.of, paper.copied)
    words = (says[0], index.over, index.place, says[1], index.trained, says[2])
    return (*numbers, *words, ratio, index.listed, index.differs, overall(risks) if risks else None)


def table(root: Path = ROOT) -> str:
    rows = ([_cell(cell) for cell in record.values()] for record in records(root))
    return as_csv((COLUMNS, *rows))


def _cell(value: object) -> object:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" \
aria-label="{text}"><title>{text}</title><rect width="{width}" height="20" rx="4" fill="#fff" \
stroke="{color}"/><circle cx="11" cy="10" r="4" fill="{fill}" stroke="{color}"/><text x="21" \
y="14" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#222" \
textLength="{length}">{text}</text></svg>
"""
COLORS = {"searched": "#1a7f4b", "searched in part": "#8a6100"}
OTHER = "#6b6b75"


def badge(paper: Paper) -> str:
    """Return the badge that a paper's repository can show: full, or hollow where not searched."""
    text, color = f"LoRA’s rate: {paper.word}", COLORS.get(paper.word, OTHER)
    length = round(6.4 * len(text))
    fill = color if paper.word in COLORS else "none"
    return BADGE.format(width=length + 29, length=length, text=text, color=color, fill=fill)


def files(root: Path = ROOT) -> dict[str, str]:
    """Return the index as CSV, and the badges of papers that compare with LoRA."""
    badges = {f"badges/{p.source.key}.svg": badge(p) for p in papers(root) if p.of}
    return {"data/baselines.csv": table(root)} | badges
