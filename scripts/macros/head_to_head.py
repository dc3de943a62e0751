"""The page of comparisons: who is ahead of whom, in whose tables, and what does not add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from statistics import mean, median
from typing import Any, NamedTuple

import numpy as np

from scripts.catalog import read
from scripts.macros.page import Part, macro, names
from scripts.survey.head_to_head import Comparison, Unit, every, units
from scripts.survey.papers import flags, read_tables

DRAWS = 4000


class Record(NamedTuple):
    """How a method does against a baseline: units, the share won, the median difference."""

    units: int
    won: float
    difference: float


@cache
def _comparisons() -> list[Comparison]:
    return every(read().names())


@cache
def _units() -> list[Unit]:
    return units(_comparisons())


def records(keys: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], Record]:
    """Return how all units with the same key come out, given the key of every unit in order."""
    gains: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for key, unit in zip(keys, _units(), strict=True):
        gains[key].append(unit.difference)
    return {
        key: Record(len(values), mean(gain > 0 for gain in values), median(values))
        for key, values in gains.items()
    }


class HomeField(NamedTuple):
    """The share of units in which a method is ahead of LoRA, at home and elsewhere."""

    methods: int
    home: float
    away: float
    low: float
    high: float


def home_field(found: Iterable[Unit]) -> HomeField:
    """Return how much more often methods beat LoRA in their own authors' papers than in others'.

    A method counts once, with the mean over its papers of the share that it wins there. The 95 %
    interval of the difference is a bootstrap over papers.
    """
    shares: dict[tuple[str, str], list[bool]] = defaultdict(list)
    own: dict[tuple[str, str], bool] = {}
    for unit in found:
        key = (unit.method, unit.source_key)
        shares[key].append(unit.difference > 0)
        own[key] = unit.run_by == "authors"
    sides: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for method, source in shares:
        sides[method][0 if own[method, source] else 1].append(source)
    both = {method: side for method, side in sides.items() if all(side)}
    share = {key: mean(won) for key, won in shares.items()}

    def side(method: str, sources: list[str]) -> float:
        return mean(share[method, source] for source in sources)

    home = mean(side(method, at_home) for method, (at_home, _) in both.items())
    away = mean(side(method, elsewhere) for method, (_, elsewhere) in both.items())
    rng = np.random.default_rng(0)
    papers = sorted({source for _, source in shares})
    gaps = []
    for _ in range(DRAWS):
        times = dict(
            zip(papers, rng.multinomial(len(papers), [1 / len(papers)] * len(papers)), strict=True)
        )
        drawn = []
        for method, lists in both.items():
            parts = [[s for s in sources for _ in range(times[s])] for sources in lists]
            if all(parts):
                drawn.append(side(method, parts[0]) - side(method, parts[1]))
        if drawn:
            gaps.append(mean(drawn))
    low, high = np.quantile(gaps, [0.025, 0.975])
    return HomeField(len(both), home, away, float(low), float(high))


class Lead(NamedTuple):
    """A method's mean lead over LoRA on one side, with its 95 % interval over papers."""

    mean: float
    low: float
    high: float
    papers: int


def leads(found: Iterable[Unit]) -> dict[str, tuple[Lead, Lead]]:
    """Return the leads of methods that have both, at home and elsewhere, largest difference first.

    A lead is a difference over the spread of its suite: the root of the mean square of all
    differences there. Papers count once each, with the mean of their units; the interval is a
    bootstrap over papers.
    """
    all_units = list(found)
    squares: dict[str, list[float]] = defaultdict(list)
    for unit in all_units:
        squares[unit.suite].append(unit.difference**2)
    by_paper: dict[tuple[str, bool, str], list[float]] = defaultdict(list)
    for unit in all_units:
        spread = mean(squares[unit.suite]) ** 0.5
        key = (unit.method, unit.run_by == "authors", unit.source_key)
        by_paper[key].append(unit.difference / spread if spread else 0.0)
    sides: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for (method, at_home, _), values in by_paper.items():
        sides[method, at_home].append(mean(values))
    both = [m for m, at_home in sides if at_home and (m, False) in sides]
    pairs = {m: (_lead(sides[m, True]), _lead(sides[m, False])) for m in both}
    return dict(sorted(pairs.items(), key=lambda item: item[1][1].mean - item[1][0].mean))


def _lead(papers: list[float]) -> Lead:
    drawn = np.random.default_rng(0).choice(papers, (DRAWS, len(papers))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Lead(mean(papers), float(low), float(high), len(papers))


class HeadToHead(Part):
    """The macros of the page of comparisons."""

    @macro
    def head_to_head(self) -> str:
        """Every method against every other one, at home and elsewhere, as a matrix."""
        found = records((u.method, u.baseline, u.run_by == "authors") for u in _units())
        methods, baselines = (
            sorted({key[i] for key in found}, key=[*names()].index) for i in (0, 1)
        )
        return self.page.draw("head_to_head", found, methods, baselines, names(), found=False)

    @macro
    def home_field(self) -> str:
        """The home-field figure, and what it says in a sentence."""
        found = [u for u in _units() if u.baseline == "lora"]
        rows = leads(found)
        widest = max(max(abs(lead.low), abs(lead.high)) for pair in rows.values() for lead in pair)
        return self.page.draw("home_field", home_field(found), rows, names(), widest)

    @macro
    def pairs(self) -> str:
        """One line for each pair of methods on each suite, to filter and to sort."""
        found = records((u.method, u.baseline, u.suite, u.run_by == "authors") for u in _units())
        return self.page.draw("pairs", found, names(), found=False)

    @macro
    def flagged(self) -> str:
        """The printed numbers that do not follow from others."""
        return self.page.draw("flagged", list(flags(read_tables())))

    @macro
    def compared(self) -> str:
        """How much there is."""
        found = _comparisons()
        sources = {row.source_key for row in found}
        cells = f"{len(found):,}".replace(",", "\N{NO-BREAK SPACE}")
        return f"{cells} cells from {len(sources)} sources"
