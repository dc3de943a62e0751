"""Every comparison that the tables of papers hold: each pair of methods of one table, each cell."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import log
from typing import NamedTuple

from scripts.survey.papers import read_tables
from scripts.survey.result import FULL, Rates, Row, Source, Table, averages
from scripts.survey.rule import RunBy


class Comparison(NamedTuple):
    """One cell of a method against the same cell of a baseline; the columns of the CSV."""

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


def comparisons(sources: Iterable[Source], order: Mapping[str, int]) -> Iterator[Comparison]:
    """Yield every comparison of two methods that stand in one table.

    Args:
        sources: The tables of all publications.
        order: The place of a method in the catalogue. Of two methods the later one is compared with
            the earlier one, but one of the paper's own always with one of others.

    Of several settings of a baseline the one with the nearest number of parameters is taken.
    """
    rank = {FULL: -2, "lora": -1} | {slug: i for slug, i in order.items() if slug != "lora"}
    for source in sources:
        own = set(source.authors_of)

        def place(method: str, own: set[str] = own) -> tuple[bool, int]:
            return method in own, rank[method]

        for table in source.tables:
            for row in table.rows:
                for name in dict.fromkeys(r.method for r in table.rows):
                    if place(name) < place(row.method):
                        others = [r for r in table.rows if r.method == name]
                        yield from _compared(source, table, row, _nearest(row, others))


def every(modules: Iterable[str]) -> list[Comparison]:
    """Return every comparison of `docs/data/tables`, given all modules in the catalogue's order."""
    return list(comparisons(read_tables(), {name: i for i, name in enumerate(modules)}))


def _nearest(row: Row, others: list[Row]) -> Row:
    def distance(other: Row) -> float:
        if not row.parameters or not other.parameters:
            return 0
        return abs(log(other.parameters / row.parameters))

    return min(others, key=distance)


def _compared(source: Source, table: Table, row: Row, other: Row) -> Iterator[Comparison]:
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


class Unit(NamedTuple):
    """One model on one suite: the printed average, otherwise the mean of the cells."""

    source_key: str
    place: str
    method: str
    baseline: str
    model: str
    suite: str
    cells: int
    won: int
    difference: float  # of the method to the baseline, positive where the method is better
    run_by: RunBy
    baseline_run: str


def units(rows: Iterable[Comparison]) -> list[Unit]:
    """Return one number for each method, baseline, model and suite of a table.

    What a source has copied of the method is no unit: it says nothing that its origin does not.
    """
    grouped: dict[tuple[str, ...], list[Comparison]] = defaultdict(list)
    for row in rows:
        if row.method_run.startswith("copied"):
            continue
        grouped[(*row[:6], row.method_run, row.note)].append(row)  # the note names the settings
    found = []
    for cells in grouped.values():
        gains = {row.metric: _gain(row) for row in cells}
        means = [gains.pop(metric) for metric in averages(gains, cells[0].suite)]
        single = list(gains.values()) or means[:1]
        mean = means[0] if means else sum(single) / len(single)
        first, won = cells[0], sum(gain > 0 for gain in single)
        where = (first.run_by, first.baseline_run)
        found.append(Unit(*first[:6], len(single), won, mean, *where))
    return found


def _gain(row: Comparison) -> float:
    difference = float(row.method_value) - float(row.baseline_value)
    return difference if row.higher_is_better == "yes" else -difference


def as_csv(rows: Iterable[Comparison]) -> str:
    """Return comparisons as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(Comparison._fields)
    writer.writerows(rows)
    return out.getvalue()
