"""Methods of the same table, compared: every cell, every unit, and home fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from statistics import mean
from typing import NamedTuple, TypeAlias

import numpy as np

from scripts.survey.facts import reader
from scripts.survey.facts.pair import Models, nearest
from scripts.survey.facts.result import FULL, Rates, Row, Source, Table
from scripts.survey.sources.rule import RunBy, Side
from scripts.survey.sources.unit import MORE, units

DRAWS = 4000
Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def pairs(source: Source, order: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a method and a baseline in the same table of a source.

    Args:
        order: All methods as the catalogue has them. The later one is compared with the earlier
            one, but one of the paper's own always with one of others. Adapters that it does not
            have are in no pair.
    """
    rank = {FULL: -2, "lora": -1} | {slug: i for i, slug in enumerate(order) if slug != "lora"}

    def place(method: str) -> tuple[bool, int]:
        return method in source.authors_of, rank[method]

    pairs = dict[tuple[str, str], None]()
    for table in source.tables:
        methods = dict.fromkeys(row.method for row in table.rows if row.method in rank)
        pairs |= dict.fromkeys((a, b) for a in methods for b in methods if place(b) < place(a))
    yield from pairs


# Cells --------------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    source_key: str
    place: str
    method: str
    baseline: str
    model: str
    suite: str
    metric: str
    higher_is_better: str
    method_value: str
    baseline_value: str
    method_params: str
    baseline_params: str
    seeds: str
    spread: str
    run_by: RunBy
    method_run: str
    baseline_run: str
    rates: Rates
    note: str


def comparisons(
    sources: Iterable[Source], order: Sequence[str], models: Models
) -> Iterator[Comparison]:
    """Yield every cell of two methods of the same table, for each setting of the first.

    Of several settings of a baseline the one with the nearest number of parameters is taken.
    Adapters that the catalogue does not have are baselines for all that it has.
    """
    known = {FULL, *order}
    for source in sources:
        listed = defaultdict(set)
        for method, baseline in pairs(source, order):
            listed[method].add(baseline)
        for table in source.tables:
            for row in table.rows:
                for name in dict.fromkeys(r.method for r in table.rows):
                    foreign = name not in known and row.method in known - {FULL}
                    if foreign or name in listed[row.method]:
                        others = [r for r in table.rows if r.method == name]
                        other = nearest(row, others, models.get(table.model))
                        yield from _cells(source, table, row, other)


def _cells(source: Source, table: Table, row: Row, other: Row) -> Iterator[Comparison]:
    theirs = table.results(other)
    settings = " against ".join(filter(None, (row.setting, other.setting)))
    notes = [settings, row.note, other.note, table.note]
    for metric, result in table.results(row).items():
        if metric in theirs:
            against = theirs[metric]
            spreads = [r.spread.shown if r.spread else "" for r in (result, against)]
            yield Comparison(
                source_key=source.key,
                place=table.place,
                method=row.method,
                baseline=other.method,
                model=table.model,
                suite=table.suite,
                metric=metric,
                higher_is_better="yes" if result.sign > 0 else "no",
                method_value=result.shown,
                baseline_value=against.shown,
                method_params=_millions(row.parameters),
                baseline_params=_millions(other.parameters),
                seeds=str(table.seeds or ""),
                spread="/".join(spreads) if any(spreads) else "",
                run_by=source.run_by([row.method]),
                method_run=str(row.run),
                baseline_run=str(other.run),
                rates=table.rates,
                note="; ".join(dict.fromkeys(filter(None, notes))),
            )


def _millions(parameters: float | None) -> str:
    return "" if parameters is None else f"{parameters:g} M"


def as_csv(rows: Iterable[Comparison]) -> str:
    return reader.as_csv((Comparison._fields, *rows))


# Units --------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """A method's result against a baseline in one unit."""

    method: str
    baseline: str
    source_key: str
    suite: str
    home: bool  # the source is by the method's authors
    side: Side
    difference: float  # in points of the metric, positive where the method is better
    ratio: float | None = None  # of trained parameters, the baseline's one; where both are printed


def outcomes(sources: Iterable[Source], order: Sequence[str], models: Models) -> Iterator[Outcome]:
    for source in sources:
        for method, baseline in pairs(source, order):
            home = source.run_by([method]) == "authors"
            for unit in units(source, [method], baseline, models):
                where = (source.key, unit.suite, home)
                yield Outcome(method, baseline, *where, unit.side, unit.points, unit.ratio)


def within_budget(units: Iterable[Outcome]) -> list[Outcome]:
    """Return the units in which the method trains hardly more than the baseline, as printed."""
    return [unit for unit in units if unit.ratio is not None and unit.ratio <= MORE]


class HomeField(NamedTuple):
    """The share of units in which a method is ahead of LoRA, at home and elsewhere."""

    methods: int
    home: float
    away: float
    low: float
    high: float


def home_field(outcomes: Iterable[Outcome]) -> HomeField:
    """Return how much more often methods beat LoRA in their own authors' papers than in others'.

    A method counts once, with the mean over its papers of the share that it wins there. The 95 %
    interval of the difference is a bootstrap over papers.
    """
    won: dict[tuple[str, str], list[bool]] = defaultdict(list)
    sides: dict[str, dict[bool, set[str]]] = defaultdict(lambda: {True: set(), False: set()})
    for unit in outcomes:
        won[unit.method, unit.source_key].append(unit.side == "for")
        sides[unit.method][unit.home].add(unit.source_key)
    both = [method for method, side in sides.items() if all(side.values())]
    papers = sorted({source for _, source in won})
    shares = np.array([[mean(won.get((m, p), [False])) for p in papers] for m in both])
    home, away = (
        np.array([[float(p in sides[m][side]) for p in papers] for m in both])
        for side in (True, False)
    )

    def wins(at: Array, times: Array) -> Array:  # draws × methods; none of a side is no number
        with np.errstate(invalid="ignore"):
            result: Array = times @ (at * shares).T / (times @ at.T)
        return result

    once = np.ones((1, len(papers)))
    even = [1 / len(papers)] * len(papers)
    drawn: Array = np.random.default_rng(0).multinomial(len(papers), even, DRAWS).astype(float)
    gaps = wins(home, drawn) - wins(away, drawn)
    gaps = np.nanmean(gaps[~np.isnan(gaps).all(axis=1)], axis=1)
    low, high = np.quantile(gaps, [0.025, 0.975])
    at_home, elsewhere = (float(wins(side, once).mean()) for side in (home, away))
    return HomeField(len(both), at_home, elsewhere, float(low), float(high))


class Lead(NamedTuple):
    """A method's mean lead over LoRA on one side, with its 95 % interval over papers."""

    mean: float
    low: float
    high: float
    papers: int


def leads(outcomes: Iterable[Outcome]) -> dict[str, tuple[Lead, Lead]]:
    """Return the leads of methods that have both, at home and elsewhere, largest difference first.

    A lead is a difference over the spread of its suite: the root of the mean square of all
    differences there. Papers count once each, with the mean of their units; the interval is a
    bootstrap over papers.
    """
    sides = _by_paper(outcomes)
    both = [m for m, home in sides if home and (m, False) in sides]
    found_leads = {m: (_lead(sides[m, True]), _lead(sides[m, False])) for m in both}
    return dict(sorted(found_leads.items(), key=lambda item: item[1][1].mean - item[1][0].mean))


def leads_of(outcomes: Iterable[Outcome]) -> dict[str, Lead]:
    return {method: _lead(papers) for (method, _), papers in _by_paper(outcomes).items()}


def _by_paper(outcomes: Iterable[Outcome]) -> dict[tuple[str, bool], list[float]]:
    units = list(outcomes)
    squares: dict[str, list[float]] = defaultdict(list)
    for unit in units:
        squares[unit.suite].append(unit.difference**2)
    by_paper: dict[tuple[str, bool, str], list[float]] = defaultdict(list)
    for unit in units:
        spread = mean(squares[unit.suite]) ** 0.5
        key = (unit.method, unit.home, unit.source_key)
        by_paper[key].append(unit.difference / spread if spread else 0.0)
    sides: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for (method, home, _), values in by_paper.items():
        sides[method, home].append(mean(values))
    return sides


def _lead(papers: list[float]) -> Lead:
    drawn = np.random.default_rng(0).choice(papers, (DRAWS, len(papers))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Lead(mean(papers), float(low), float(high), len(papers))
