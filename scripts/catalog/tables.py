"""What papers print: tables of results as they stand there, and every comparison that follows.

A file `docs/data/tables/<key>.yml` holds the tables of one publication; `<key>` is that of the
bibliography. A number is typed once, in the shape in which it is printed, so that a table can be
read against its source. Comparisons are derived: each pair of methods of one table, for each cell.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import log
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import yaml
from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from scripts.bootstrap import ROOT
from scripts.catalog.papers import CatalogError
from scripts.catalog.records import Loader, Method, Record, Slug, Text
from scripts.catalog.verdict import ClaimedBy, Dimension, RunBy, Side, Strength

FULL = "full"
"""Full fine-tuning, as a method."""

AVERAGE = "average"
OWN = "own row "
"""Begins the remark of a comparison whose method was not run by the source itself."""

MISSING = {"-", "–"}

Rates: TypeAlias = Literal["both_tuned", "shared", "method_tuned", "unknown"]


def _words(text: Any) -> Any:
    return tuple(text.split()) if isinstance(text, str) else text


Printed = Annotated[tuple[str, ...], BeforeValidator(_words)]


class Row(Record):
    """One row of a table: numbers as printed, separated by spaces, – where a cell is empty."""

    method: Slug
    values: Printed
    setting: str = ""
    parameters: Annotated[float, Field(ge=0)] | None = None  # trained, in millions
    percent: Annotated[float, Field(gt=0)] | None = None  # of the model's, where that is printed
    chosen: Literal["validation", "default"] | None = None  # this setting of several, and why
    same_as: Slug | None = None  # the method that this setting is nothing but
    failed: bool = False  # it never learned the form of an answer, so its score tells nothing
    modules: str = ""  # what is adapted, where it is not the same as in LoRA's row
    run: Annotated[str, StringConstraints(pattern=r"^(run|unclear|copied:[a-z0-9]+)$")] = "run"
    spread: Printed = ()
    note: str = ""

    @model_validator(mode="after")
    def _numbers(self) -> Row:
        if self.spread and len(self.spread) != len(self.values):
            raise ValueError(
                f"{self.method}: {len(self.values)} values, {len(self.spread)} spreads"
            )
        for word in (*self.values, *self.spread):
            if word not in MISSING:
                try:
                    float(word)
                except ValueError:
                    raise ValueError(f"{self.method}: {word!r} is neither a number nor –") from None
        return self


class Table(Record):
    """A table of results, of one model on one suite."""

    place: Text
    model: Text
    suite: Text
    metrics: Annotated[tuple[Text, ...], Field(min_length=1)]
    measure: Text
    rows: Annotated[tuple[Row, ...], Field(min_length=2)]
    lower_is_better: tuple[Text, ...] = ()
    range: Annotated[float, Field(gt=0)] = 100  # of the metric, for what counts as level
    seeds: Annotated[int, Field(ge=1)] | None = None
    rates: Rates = "unknown"
    spread_is: Literal["deviation", "error"] = "deviation"  # standard deviation, standard error
    samples: Annotated[int, Field(ge=1)] | None = None  # training examples of a task
    shifted: tuple[Text, ...] = ()  # metrics on data unlike the training data, by the source's word
    note: str = ""

    @model_validator(mode="after")
    def _rectangular(self) -> Table:
        for row in self.rows:
            if len(row.values) != len(self.metrics):
                raise ValueError(
                    f"{self.place}, {self.model}: {row.method} {row.setting}: {len(row.values)} "
                    f"values for {len(self.metrics)} metrics"
                )
        for field in ("lower_is_better", "shifted"):
            if unknown := set(getattr(self, field)) - set(self.metrics):
                raise ValueError(f"{self.place}: {field}: {sorted(unknown)} are no metrics here")
        return self

    def cells(self, row: Row) -> Iterator[tuple[str, str, str]]:
        """Yield metric, value and spread of the cells of a row that are not empty."""
        spreads = row.spread or ("",) * len(row.values)
        for metric, value, spread in zip(self.metrics, row.values, spreads, strict=True):
            if value not in MISSING:
                yield metric, value, "" if spread in MISSING else spread


class Said(Record):
    """A finding that no table of two methods holds: a figure, a number in the text, one method."""

    method: Slug
    dimension: Dimension
    unit: Text  # one model on one suite
    finding: Side
    strength: Strength
    place: Text
    says: Text  # the numbers, in a sentence
    claimed_by: ClaimedBy = "paper"

    @model_validator(mode="after")
    def _possible(self) -> Said:
        if self.finding == "level" and self.dimension in ("PE", "BF"):
            raise ValueError(
                f"{self.method}: {self.dimension} asks to be level, so what is level is `for`"
            )
        if self.dimension == "WA" and (self.finding, self.strength) != ("for", "weak"):
            raise ValueError(
                f"{self.method}: WA counts papers that ran it: a finding is `for` and `weak`"
            )
        return self


class Paper(Record):
    """The tables of a publication, and the methods that share an author with it."""

    key: str
    authors_of: tuple[Slug, ...]
    tables: tuple[Table, ...]
    findings: tuple[Said, ...] = ()
    ours: bool = False  # this site's experiment: its model is small, and its runs adopt nothing

    def run_by(self, methods: Iterable[str]) -> RunBy:
        """Return whose runs of any of these methods its tables hold."""
        if not self.authors_of:
            return "independent"
        return "authors" if set(methods) & set(self.authors_of) else "rival"


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
    baseline_run: str
    rates: Rates
    note: str


class Flag(NamedTuple):
    """A printed number that does not follow from another one."""

    source_key: str
    place: str
    what: str


@cache
def read_tables(root: Path = ROOT) -> tuple[Paper, ...]:
    """Return all files of tables, in the order of their keys.

    Raises:
        CatalogError: when a file is not as it should be; a line for each problem.
    """
    found, problems = [], []
    for path in sorted((root / "docs/data/tables").glob("*.yml")):
        name = path.relative_to(root)
        try:
            data = yaml.load(path.read_text("utf-8"), Loader=Loader)
            found.append(Paper.model_validate({"key": path.stem} | data))
        except ValidationError as error:
            problems += [
                f"{name}: {'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
                for e in error.errors()
            ]
        except (yaml.YAMLError, ValueError, TypeError) as error:
            problems.append(f"{name}: is not YAML as expected: {' '.join(str(error).split())}")
    if problems:
        raise CatalogError("\n".join(problems))
    return tuple(found)


def comparisons(papers: Iterable[Paper], order: Mapping[str, int]) -> Iterator[Comparison]:
    """Yield every comparison of two methods that stand in one table.

    Args:
        papers: The tables of all publications.
        order: The place of a method in the catalogue. Of two methods the later one is compared with
            the earlier one, but one of the paper's own always with one of others.

    Of several settings of a baseline the one with the nearest number of parameters is taken.
    """
    rank = {FULL: -2, "lora": -1} | {slug: i for slug, i in order.items() if slug != "lora"}
    for paper in papers:
        own = set(paper.authors_of)

        def place(method: str, own: set[str] = own) -> tuple[bool, int]:
            return method in own, rank[method]

        for table in paper.tables:
            for row in table.rows:
                for name in dict.fromkeys(r.method for r in table.rows):
                    if place(name) < place(row.method):
                        others = [r for r in table.rows if r.method == name]
                        yield from _compared(paper, table, row, _nearest(row, others))


def every(methods: Iterable[Method]) -> list[Comparison]:
    """Return every comparison that the tables of `docs/data/tables` hold."""
    modules = [module for m in methods for module in m.modules]
    return list(comparisons(read_tables(), {name: i for i, name in enumerate(modules)}))


def _nearest(row: Row, others: list[Row]) -> Row:
    def distance(other: Row) -> float:
        if not row.parameters or not other.parameters:
            return 0
        return abs(log(other.parameters / row.parameters))

    return min(others, key=distance)


def _compared(paper: Paper, table: Table, row: Row, other: Row) -> Iterator[Comparison]:
    theirs = {metric: (value, spread) for metric, value, spread in table.cells(other)}
    settings = " against ".join(filter(None, (row.setting, other.setting)))
    notes = [
        settings,
        "" if row.run == "run" else f"{OWN}{row.run}",
        row.note,
        other.note,
        table.note,
    ]
    for metric, value, spread in table.cells(row):
        if metric in theirs:
            against, other_spread = theirs[metric]
            yield Comparison(
                source_key=paper.key,
                place=table.place,
                method=row.method,
                baseline=other.method,
                model=table.model,
                suite=table.suite,
                metric=metric,
                higher_is_better="no" if metric in table.lower_is_better else "yes",
                method_value=value,
                baseline_value=against,
                method_params=_millions(row.parameters),
                baseline_params=_millions(other.parameters),
                seeds=str(table.seeds or ""),
                spread=f"{spread}/{other_spread}" if spread or other_spread else "",
                run_by=paper.run_by([row.method]),
                baseline_run=other.run,
                rates=table.rates,
                note="; ".join(dict.fromkeys(filter(None, notes))),
            )


def _millions(parameters: float | None) -> str:
    return "" if parameters is None else f"{parameters:g} M"


def flags(papers: Iterable[Paper]) -> Iterator[Flag]:
    """Yield copied cells that differ from their origin, and averages not of their cells."""
    papers = list(papers)
    printed: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for paper in papers:
        for table in paper.tables:
            for row in table.rows:
                for metric, value, _ in table.cells(row):
                    printed[_cell(paper.key, row, table, metric)].add(value)
    for paper in papers:
        for table in paper.tables:
            for row in table.rows:
                origin = row.run.partition("copied:")[2]
                for metric, value, _ in table.cells(row):
                    there = printed.get(_cell(origin, row, table, metric))
                    if there and not any(_equal(value, other) for other in there):
                        yield Flag(
                            paper.key,
                            table.place,
                            f"{row.method}, {table.model}, {table.suite}, {metric}: {value}, but "
                            f"{origin} prints {' or '.join(sorted(there))}",
                        )
                yield from _wrong_averages(paper, table, row)


def _cell(key: str, row: Row, table: Table, metric: str) -> tuple[str, ...]:
    """Return what makes two printed cells the same one; a mean also by what it is the mean of."""
    parts = table.metrics if metric == AVERAGE else ()
    return (key, row.method, table.model, table.suite, metric, *sorted(parts))


def _equal(a: str, b: str) -> bool:
    digits = min(len(text.partition(".")[2]) for text in (a, b))
    return abs(float(a) - float(b)) <= 0.5 * 10.0**-digits + 1e-9


def _wrong_averages(paper: Paper, table: Table, row: Row) -> Iterator[Flag]:
    cells = {metric: value for metric, value, _ in table.cells(row)}
    average = cells.pop(AVERAGE, None)
    if average is None or len(cells) < 2 or len(cells) + 1 < len(table.metrics):
        return
    mean = sum(map(float, cells.values())) / len(cells)
    digits = len(average.partition(".")[2])
    coarse = min(len(value.partition(".")[2]) for value in cells.values())
    if abs(mean - float(average)) > 0.5 * 10.0**-digits + 0.5 * 10.0**-coarse + 1e-9:
        yield Flag(
            paper.key,
            table.place,
            f"{row.method} {row.setting}, {table.model}, {table.suite}: the average is {average}, "
            f"the mean of its cells {mean:.{digits}f}",
        )


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
        if f"{OWN}copied:" in row.note:
            continue
        grouped[(*row[:6], row.note)].append(row)  # the note names the settings
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


def averages(metrics: Iterable[str], suite: str) -> list[str]:
    """Return which metrics of a suite are means of others, the printed average first."""
    found = [m for m in metrics if m in (AVERAGE, suite) or m.startswith("mean of")]
    return sorted(found, key=lambda m: m != AVERAGE)


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
