"""Effect of a method over LoRA or full fine-tuning: one effect a source, and all of them.

The comparisons are those of the rule, its units: the same modules, no larger budget, no copied row.
A unit's difference is in points, hundredths of its metric's range, and positive where the method is
better. Comparisons of one source share its code, its rates and its interest, so they are no
independent ones: a source has one effect, their mean.

How uncertain that is, the spread over a source's comparisons says, divided by their number. It
holds what seeds do and what tasks and models do. A printed spread over seeds holds the first alone,
so it is not used here: a source with one precise comparison does not know how another task comes
out. A source with few comparisons knows little of their spread, so that is drawn toward the one
that is typical within sources, which counts as `WORTH` further comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import sqrt
from pathlib import Path
from statistics import fmean, median, variance
from typing import Literal, NamedTuple, TypeAlias, get_args

from scipy.special import stdtrit

from scripts.bootstrap import ROOT
from scripts.survey.facts.pages import modules_of_pages, pages_of_runs
from scripts.survey.facts.pair import Models, read_models
from scripts.survey.facts.reader import as_csv
from scripts.survey.facts.result import FULL, Source
from scripts.survey.sources import bias
from scripts.survey.sources.bias import GROUPS, Group, Judged, Risk, judged, overall
from scripts.survey.sources.certainty import Certainty, Evidence, certainty, word
from scripts.survey.sources.evidence import LORA, counted, every_source
from scripts.survey.sources.rule import Dimension
from scripts.survey.sources.unit import Part, Unit
from scripts.survey.statistics.intervals import Interval
from scripts.survey.statistics.pool import ENOUGH, Pooled, pooled

WORTH = 4
"""Comparisons that the typical spread within sources counts for, beside a source's own."""

Side: TypeAlias = Literal["all", "home", "away"]
"""Sources: everybody's, the method's authors' own, or all others'."""

SIDES: tuple[Side, ...] = get_args(Side)
BASELINES: dict[str, Dimension] = {LORA: "BL", FULL: "BF"}
"""Baselines of the comparisons, and the dimension whose units count."""


class Line(NamedTuple):
    """One source's effect, in points."""

    source: Source
    group: Group
    units: tuple[Unit, ...]
    typical: float  # variance of a comparison within sources
    judged: Judged  # its risk of bias

    @property
    def risk(self) -> Risk:
        return overall(self.judged)

    @property
    def pooled(self) -> bool:
        """Return whether it counts for the mean: the site's own experiment has another scale.

        Its points are hundredths of full fine-tuning's improvement, and its model is tiny.
        """
        return self.group != "here"

    @property
    def differences(self) -> list[float]:
        return [100 * unit.gap.difference for unit in self.units]

    @property
    def effect(self) -> float:
        return fmean(self.differences)

    @property
    def variance(self) -> float:
        each = self.differences
        squares = sum((d - self.effect) ** 2 for d in each)
        return (squares + WORTH * self.typical) / (len(each) - 1 + WORTH) / len(each)

    @property
    def interval(self) -> Interval:
        t = stdtrit(len(self.units) - 1 + WORTH, 0.975)
        reach = float(t) * sqrt(self.variance)
        return Interval(self.effect, self.effect - reach, self.effect + reach)

    @property
    def ratio(self) -> float | None:
        return median(known) if (known := [u.ratio for u in self.units if u.ratio]) else None

    @property
    def standard(self) -> float | None:
        """The median of its comparisons in standard deviations over seeds, where those stand."""
        effects = [g for unit in self.units for part in unit.parts if (g := standardised(part))]
        return median(effects) if effects else None


def standardised(part: Part) -> float | None:
    """Return a difference in standard deviations over seeds (Hedges' g).

    Nothing where either side has no printed deviation, or nobody knows over how many seeds.
    """
    table, seeds = part.table, part.table.seeds or 0
    printed = all(r.spread and r.spread.value for pair in part.gap.cells for r in pair)
    if table.spread_is != "deviation" or not printed or seeds < 2:
        return None
    pool = part.gap.level / sqrt(2)  # `level` is the root of the sum of both squares
    return (1 - 3 / (8 * seeds - 9)) * part.gap.difference / pool


@dataclass(frozen=True)
class Comparison:
    """All that sources find of a method against a baseline, grouped by who printed it."""

    method: str  # its page
    baseline: str
    lines: tuple[Line, ...]

    def of(self, side: Side) -> list[Line]:
        """Return the lines that count for the mean over some sources."""
        return [
            line
            for line in self.lines
            if line.pooled and (side == "all" or (line.group == "authors") == (side == "home"))
        ]

    @cached_property
    def all(self) -> Pooled | None:
        return self.over("all")

    @property
    def comparisons(self) -> int:
        return sum(len(line.units) for line in self.of("all"))

    @cached_property
    def certainty(self) -> Certainty:
        lines = self.of("all")
        units = [unit for line in lines for unit in line.units]
        models, suites = ({getattr(unit, name) for unit in units} for name in ("model", "suite"))
        groups, risks = [line.group for line in lines], [line.risk for line in lines]
        return certainty(Evidence(groups, risks, self.all, len(models), len(suites)))

    def over(self, side: Side) -> Pooled | None:
        lines = self.of(side)
        if len(lines) < ENOUGH:
            return None
        return pooled([line.effect for line in lines], [line.variance for line in lines])


Comparisons: TypeAlias = dict[str, Comparison]
"""By the pages of methods; those that nobody has compared are left out."""


def comparisons(
    sources: Sequence[Source],
    pages: Mapping[str, Sequence[str]],
    baseline: str,
    models: Models,
    typed: bias.Typing,
) -> Comparisons:
    """Return how all methods compare with a baseline.

    Args:
        pages: The modules of each page.
        typed: What sources' words tell of their risk of bias.
    """
    order = [*GROUPS]

    def place(entry: tuple[Source, Group, Units]) -> tuple[int, str]:
        return order.index(entry[1]), entry[0].key

    by_page = {
        slug: sorted(_by_source(sources, own, baseline, models), key=place)
        for slug, own in pages.items()
    }
    several = [
        variance([100 * unit.gap.difference for unit in units])
        for lines in by_page.values()
        for _, who, units in lines
        if who != "here" and len(units) >= ENOUGH
    ]
    typical = median(several)

    def line(source: Source, who: Group, units: Units, own: Sequence[str]) -> Line:
        tables = [part.table for unit in units for part in unit.parts]
        return Line(source, who, units, typical, judged(source, tables, typed, own))

    return {
        slug: Comparison(
            method=slug,
            baseline=baseline,
            lines=tuple(line(*each, pages[slug]) for each in lines),
        )
        for slug, lines in by_page.items()
        if lines
    }


Units: TypeAlias = tuple[Unit, ...]


def _by_source(
    sources: Sequence[Source], own: Sequence[str], baseline: str, models: Models
) -> Iterator[tuple[Source, Group, Units]]:
    for source in sources:
        if units := tuple(counted(source, BASELINES[baseline], own, models)):
            yield source, bias.group(source, own), units


@cache
def sources(root: Path = ROOT) -> tuple[Source, ...]:
    return tuple(source for source in every_source(root, pages_of_runs(root)) if source.tables)


@cache
def read(root: Path = ROOT) -> dict[str, Comparisons]:
    tables, typed = sources(root), bias.read(root)
    bias.check(tables, typed)
    pages, models = modules_of_pages(root), read_models(root)
    return {name: comparisons(tables, pages, name, models, typed) for name in BASELINES}


# As tables ----------------------------------------------------------------------------------------

SOURCES = (
    "method", "baseline", "source_key", "printed_by", "comparisons", "effect", "low", "high",
    "budget", "standard", "risk", "weight",
)  # fmt: skip
POOLED = (
    "method", "baseline", "printed_by", "sources", "mean", "low", "high", "tau", "least", "most",
    "word", "certainty", "down_for",
)  # fmt: skip
DIGITS = 3


def tables(root: Path = ROOT) -> dict[str, str]:
    return {
        "data/effects.csv": effects_csv(read(root)),
        "data/effects_pooled.csv": pooled_csv(read(root)),
        "data/bias.csv": bias.table(sources(root), bias.read(root)),
    }


def effects_csv(effects: Mapping[str, Comparisons]) -> str:
    rows = list[Sequence[object]]()
    for name, each in _listed(effects):
        weights = iter(each.all.weights if each.all else ())
        for line in each.lines:
            budget = line.ratio if each.baseline == LORA else None
            numbers = (*line.interval, budget, line.standard)
            start = (name, each.baseline, line.source.key, line.group, len(line.units))
            weight = next(weights, None) if line.pooled else None
            rows.append((*start, *map(_cell, numbers), line.risk, _cell(weight)))
    return as_csv((SOURCES, *rows))


def pooled_csv(effects: Mapping[str, Comparisons]) -> str:
    rows = list[Sequence[object]]()
    for name, each in _listed(effects):
        for side in SIDES:
            over, certain = each.over(side), each.certainty if side == "all" else None
            numbers = map(_cell, over[:6] if over else [None] * 6)
            end = (
                (certain.grade, "; ".join(dict.fromkeys(certain.domains))) if certain else ("", "")
            )
            said = word(over)
            rows.append((name, each.baseline, side, len(each.of(side)), *numbers, said, *end))
    return as_csv((POOLED, *rows))


def _listed(effects: Mapping[str, Comparisons]) -> Iterator[tuple[str, Comparison]]:
    for of_baseline in effects.values():
        yield from of_baseline.items()


def _cell(value: float | None) -> float | str:
    return "" if value is None else round(value, DIGITS) + 0.0
