"""What the tables of all sources say about each dimension of each method, one finding a unit.

A unit is one model on one suite of one source: the printed average, otherwise the mean of its
cells. Whatever can be read off a table is derived here; what cannot, a figure or a number in a
text, is typed in the file of its source under `findings`. The rule is on docs/rubric.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from math import hypot, inf, log
from pathlib import Path
from statistics import fmean as mean
from typing import NamedTuple, TypeAlias

import yaml

from scripts.catalog import experiment
from scripts.catalog.benchmark import benchmark
from scripts.catalog.records import Method
from scripts.catalog.tables import AVERAGE, FULL, Paper, Row, Table, averages, read_tables
from scripts.catalog.verdict import DIMENSIONS, ClaimedBy, Dimension, Finding, Side, Strength

LORA = "lora"

LEVEL = 0.005  # of the metric's range, where no spread is printed
NEAR_FULL = 0.01  # of the metric's range below full fine-tuning is near enough for PE
SMALL = 1.0  # per cent of the model's parameters
MORE = 1.1  # times LoRA's numbers are too many to be compared with it
QUARTER = 0.25  # of LoRA's numbers are few
FEW_EXAMPLES = 1000
SEEDS = 3
OTHERS = 3  # adapters that have to be in a table before their majority can disqualify a baseline

RETENTION = "retention"
"""Begins the name of a suite that tells what is kept, not what is learned."""

OURS: tuple[Dimension, ...] = ("BL",)
"""What the site's own experiment speaks on: how near to full fine-tuning few numbers come depends
on a model's size, and its model is small."""

Models: TypeAlias = Mapping[str, float | None]
"""The parameters of models, in millions; nothing where a source does not name the model."""


def read_models(root: Path) -> Models:
    """Return the sizes of models in `docs/data/models.yml`."""
    sizes: dict[str, float | None] = yaml.safe_load(
        (root / "docs/data/models.yml").read_text("utf-8")
    )
    return sizes


class Gap(NamedTuple):
    """How far one row of a table is ahead of another one, as a share of the metric's range."""

    difference: float
    level: float  # what is no more than this is a tie
    printed: bool  # whether that is a spread that the source prints
    words: str
    whole: bool = True  # a few cells of a suite are not the suite

    @property
    def side(self) -> Side:
        """Ahead is for, behind is against."""
        size = round(abs(self.difference), 9)
        # Half a per cent itself is a lead, a difference as large as the printed spread is none.
        if size < round(self.level, 9) or (self.printed and size == round(self.level, 9)):
            return "level"
        return "for" if self.difference > 0 else "against"


class Part(NamedTuple):
    """What one table says about a unit; the tables of one model on one suite are averaged."""

    place: str
    gap: Gap
    strength: Strength
    ratio: float | None  # of the method's numbers to LoRA's, for BL
    words: str


def every_finding(root: Path, methods: Collection[Method]) -> dict[str, tuple[Finding, ...]]:
    """Return the findings of each page in all tables and in PEFT's benchmark.

    Raises:
        CatalogError: when a file of tables cannot be read.
    """
    firsts = {m.number: m.modules[0] for m in methods if m.number}
    papers = (*read_tables(root), benchmark(root, firsts), *experiment.papers(root))
    return findings(methods, papers, read_models(root))


def findings(
    methods: Iterable[Method], papers: Sequence[Paper], models: Models
) -> dict[str, tuple[Finding, ...]]:
    """Return all findings of each page, by dimension; the authors' own first."""
    found = {}
    for m in methods:
        rows = [f for paper in papers for f in _of_paper(paper, m.modules, models)]
        order = list(DIMENSIONS)
        rows.sort(key=lambda f: (order.index(f.dimension), f.run_by != "authors", f.source_key))
        found[m.slug] = tuple(rows)
    return found


def _of_paper(paper: Paper, own: Sequence[str], models: Models) -> Iterator[Finding]:
    units: dict[tuple[Dimension, str, str], list[Part]] = defaultdict(list)
    for table in paper.tables:
        if not _own(table, own):
            continue
        for dimension, read in READ.items():
            if paper.ours and dimension not in OURS:
                continue
            part = read(table, own, models)
            if part:
                units[dimension, table.model, table.suite].append(part)
    run_by = paper.run_by(own)
    claimed_by: ClaimedBy = "paper" if run_by == "authors" else "others"
    if paper.ours:
        claimed_by = "us"
    for (dimension, model, suite), parts in units.items():
        side, strength = _decided(dimension, parts)
        yield Finding(
            dimension=dimension,
            source_key=paper.key,
            place="; ".join(dict.fromkeys(part.place for part in parts)),
            unit=f"{model}, {suite}",
            finding=side,
            run_by=run_by,
            strength="weak" if paper.ours else strength,
            claimed_by=claimed_by,
            numbers="; ".join(part.words for part in parts),
        )
    for said in paper.findings:
        if said.method in own and said.dimension != "WA":
            yield Finding(
                dimension=said.dimension,
                source_key=paper.key,
                place=said.place,
                unit=said.unit,
                finding=said.finding,
                run_by=run_by,
                strength=said.strength,
                claimed_by=said.claimed_by,
                numbers=said.says,
            )
    yield from _adopted(paper, own)


def _adopted(paper: Paper, own: Sequence[str]) -> Iterator[Finding]:
    """Yield that a paper by others ran the method, which is all that WA asks for."""
    run_by = paper.run_by(own)
    if run_by == "authors" or paper.ours:
        return
    places = {
        table.place: f"{table.model}, {table.suite}"
        for table in paper.tables
        if any(r.method in own and r.run == "run" and not r.same_as for r in table.rows)
    }
    said = [s for s in paper.findings if s.method in own and s.dimension == "WA"]
    if places or said:
        place, unit = next(iter(places.items())) if places else (said[0].place, said[0].unit)
        words = f"run in {len(places)} table{'s' * (len(places) > 1)}" if places else said[0].says
        yield Finding("WA", paper.key, place, unit, "for", run_by, "weak", "others", words)


def _decided(dimension: Dimension, parts: Sequence[Part]) -> tuple[Side, Strength]:
    """Return what the parts of a unit amount to."""
    gap = Gap(
        mean(part.gap.difference for part in parts),
        mean(part.gap.level for part in parts),
        all(part.gap.printed for part in parts),
        "",
    )
    strength: Strength = "full" if all(part.strength == "full" for part in parts) else "weak"
    side = gap.side
    if dimension == "PE":
        side = "for" if round(gap.difference, 9) >= -NEAR_FULL else "against"
    if dimension == "BF" and side == "level":
        side = "for"
    ratios = [part.ratio for part in parts if part.ratio is not None]
    if dimension == "BL" and side != "for" and ratios and max(ratios) <= QUARTER:
        side, strength = ("for" if side == "level" else "against"), "weak"
    return side, strength


# Reading a table ----------------------------------------------------------------------------------


def _own(table: Table, names: Collection[str]) -> list[Row]:
    """Return the rows that the source ran, that are the method itself and that tell something."""
    return [
        row
        for row in table.rows
        if row.method in names
        and not row.run.startswith("copied:")
        and not (row.same_as or row.failed)
    ]


def _chosen(rows: Sequence[Row]) -> list[Row]:
    """Return the settings chosen on validation, otherwise the source's default, otherwise all."""
    for why in ("validation", "default"):
        if found := [row for row in rows if row.chosen == why]:
            return found
    return list(rows)


def _numbers(row: Row, size: float | None) -> float | None:
    """Return the trained parameters of a row in millions."""
    if row.parameters is None and row.percent is not None and size:
        return row.percent * size / 100
    return row.parameters


def share(row: Row, size: float | None) -> float | None:
    """Return the trained parameters of a row in per cent of the model's."""
    if row.percent is None and row.parameters is not None and size:
        return 100 * row.parameters / size
    return row.percent


def _ratio(row: Row, other: Row, size: float | None) -> float | None:
    """Return how many times as many numbers a row trains as another one."""
    a, b = _numbers(row, size), _numbers(other, size)
    if a is None or not b:
        a, b = row.percent, other.percent
    return a / b if a is not None and b else None


def _distance(ratio: float | None) -> float:
    return abs(log(ratio)) if ratio else inf


def _nearest(row: Row, others: Sequence[Row], size: float | None) -> Row:
    """Return the row with the nearest number of parameters; of equals the chosen one."""
    return min(
        others, key=lambda other: (_distance(_ratio(row, other, size)), other.chosen is None)
    )


def _largest(rows: Sequence[Row], size: float | None) -> Row:
    return max(rows, key=lambda row: _numbers(row, size) or 0)


def gap(table: Table, row: Row, other: Row, shifted: bool = False) -> Gap | None:
    """Return how far a row is ahead of another one, on shifted data or on all other data.

    The printed average counts, otherwise the mean of the cells that both rows have.
    """
    theirs = {metric: (value, spread) for metric, value, spread in table.cells(other)}
    cells = {
        metric: ((value, spread), theirs[metric])
        for metric, value, spread in table.cells(row)
        if metric in theirs and (metric in table.shifted) == shifted
    }
    means = averages(cells, table.suite)
    counted = means[:1] or list(cells)
    if not counted:
        return None
    printed = [m for m in table.metrics if (m in table.shifted) == shifted and m != AVERAGE]
    whole = bool(means) or 2 * len(counted) >= len(printed)
    signs = [-1 if metric in table.lower_is_better else 1 for metric in counted]
    pairs = [(float(cells[m][0][0]), float(cells[m][1][0])) for m in counted]
    difference = mean(sign * (a - b) for sign, (a, b) in zip(signs, pairs, strict=True))
    spread = hypot(*(_spread([cells[m][i][1] for m in counted]) for i in (0, 1)))
    if means and not spread:  # an average without a spread has that of its cells
        single = [m for m in cells if m not in means]
        spread = hypot(*(_spread([cells[m][i][1] for m in single]) for i in (0, 1)))
    spread *= 2 if table.spread_is == "error" else 1
    level = spread or LEVEL * table.range
    if len(counted) == 1:
        words = " against ".join(cells[counted[0]][i][0] for i in (0, 1))
        kind = ""
    elif len(set(signs)) == 1:
        words = " against ".join(f"{mean(pair[i] for pair in pairs):.2f}" for i in (0, 1))
        kind = f"means of {len(pairs)} cells; "
    else:
        words = f"{difference:+.2f}".replace("-", "−")
        kind = f"mean of {len(pairs)} cells, better is positive; "
    about = f"{words} ({{}}; {kind}level within {level:.2g})"
    return Gap(difference / table.range, level / table.range, spread > 0, about, whole)


def _spread(printed: Sequence[str]) -> float:
    """Return the spread of a mean of independent cells; 0 where one is not printed."""
    if not printed or not all(printed):
        return 0
    return hypot(*map(float, printed)) / len(printed)


def _part(
    table: Table, row: Row, other: Row, size: float | None, shifted: bool = False
) -> Part | None:
    found = gap(table, row, other, shifted)
    if found is None or not found.whole:
        return None
    ran = row.run == other.run == "run"
    tuned = table.rates == "both_tuned" and (table.seeds or 0) >= SEEDS
    name = "full tuning" if other.method == FULL else "LoRA"
    words = found.words.format(" ".join(filter(None, (name, other.setting))))
    sizes = [_budget(r, size) for r in (row, other)[: 1 + (name == "LoRA")]]
    budget = " against ".join(s or "unprinted" for s in sizes) if any(sizes) else "sizes unprinted"
    setting = " ".join(filter(None, (row.method.replace("_", " "), row.setting)))
    return Part(
        table.place,
        found,
        "full" if ran and tuned else "weak",
        _ratio(row, other, size),
        f"{setting}: {words}, {budget}",
    )


def _budget(row: Row, size: float | None) -> str:
    part = share(row, size)
    if row.parameters is not None:
        return f"{round(row.parameters, 3):,g} M" + (f" = {part:.2g} %" if part is not None else "")
    return f"{part:g} %" if part is not None else ""


def _beaten(table: Table, full: Row, own: Collection[str], shifted: bool = False) -> bool:
    """Whether most adapters of the table beat its full fine-tuning, so that it is no baseline."""
    rows: dict[str, list[Gap]] = defaultdict(list)
    for row in table.rows:
        if row.method != FULL and row.method not in own and not (row.failed or row.same_as):
            found = gap(table, row, full, shifted)
            if found:
                rows[row.method].append(found)
    ahead = [
        mean(g.difference for g in gaps) > mean(g.level for g in gaps) for gaps in rows.values()
    ]
    return len(ahead) >= OTHERS and sum(ahead) > len(ahead) / 2


def _full(table: Table, own: Collection[str], shifted: bool = False) -> Row | None:
    rows = _chosen([row for row in table.rows if row.method == FULL])
    return rows[0] if rows and not _beaten(table, rows[0], own, shifted) else None


# The dimensions -----------------------------------------------------------------------------------


def _efficient(table: Table, own: Sequence[str], models: Models) -> Part | None:
    """PE: near full fine-tuning with at most one per cent of the model's parameters."""
    size, full = models.get(table.model), _full(table, own)
    small = [
        row for row in _own(table, own) if (part := share(row, size)) is not None and part <= SMALL
    ]
    return _part(table, _largest(_chosen(small), size), full, size) if full and small else None


def _beats_lora(table: Table, own: Sequence[str], models: Models) -> Part | None:
    """BL: ahead of LoRA at the nearest budget on the same modules."""
    if LORA in own:
        return None
    size = models.get(table.model)
    loras = [row for row in table.rows if row.method == LORA and not row.modules]
    mine = [row for row in _own(table, own) if not row.modules]
    if not loras or not mine:
        return None
    nearest = {row: _nearest(row, loras, size) for row in mine}

    def budget(row: Row) -> float | None:
        return _ratio(row, nearest[row], size)

    if not any(budget(row) for row in mine):  # none is printed, and what is not stated is not done
        row = _chosen(mine)[0]
        part = _part(table, row, nearest[row], size)
        return part and part._replace(strength="weak")
    fair = [row for row in mine if (ratio := budget(row)) and round(ratio, 3) <= MORE]
    if not fair:
        return None
    row = min(_chosen(fair), key=lambda row: _distance(budget(row)))
    return _part(table, row, nearest[row], size)


def _beats_full(table: Table, own: Sequence[str], models: Models) -> Part | None:
    """BF: ahead of full fine-tuning, or level with it."""
    size, full, mine = models.get(table.model), _full(table, own), _chosen(_own(table, own))
    return _part(table, _largest(mine, size), full, size) if full and mine else None


def _with_few_examples(table: Table, own: Sequence[str], models: Models) -> Part | None:
    """DE: ahead of LoRA and of full fine-tuning with the same few examples."""
    if not table.samples or table.samples > FEW_EXAMPLES:
        return None
    parts = _against_both(table, own, models)
    if not all(name in parts or name in own for name in (LORA, FULL)):
        return None
    # Ahead of both is ahead of the better one.
    worst = min(parts.values(), key=_rank)
    words = "; ".join(part.words for part in parts.values())
    examples = f"{words}; {table.samples:,} examples"
    return worst._replace(strength="weak", words=examples)


def _rank(part: Part) -> tuple[int, float]:
    return ("against", "level", "for").index(part.gap.side), part.gap.difference


def _shifted(table: Table, own: Sequence[str], models: Models) -> Part | None:
    """OOD: ahead of LoRA or of full fine-tuning on data unlike the training data."""
    parts = _against_both(table, own, models, shifted=True)
    if not parts:
        return None
    best = max(parts.values(), key=_rank)
    return best._replace(words="; ".join(part.words for part in parts.values()))


def _against_both(
    table: Table, own: Sequence[str], models: Models, shifted: bool = False
) -> dict[str, Part]:
    """Return what a table says of the method against LoRA and against full fine-tuning."""
    size, mine = models.get(table.model), _chosen(_own(table, own))
    loras = [row for row in table.rows if row.method == LORA] if LORA not in own else []
    full = _full(table, own, shifted)
    if not mine:
        return {}
    row = _largest(mine, size)
    baselines = {LORA: _nearest(row, loras, size) if loras else None, FULL: full}
    parts = {
        name: _part(table, row, other, size, shifted) for name, other in baselines.items() if other
    }
    return {name: part for name, part in parts.items() if part}


Reader: TypeAlias = Callable[[Table, Sequence[str], Models], Part | None]


def _learned(read: Reader) -> Reader:
    """A suite that tells what is kept says nothing of how well a task is learned."""

    def read_learned(table: Table, own: Sequence[str], models: Models) -> Part | None:
        return None if table.suite.startswith(RETENTION) else read(table, own, models)

    return read_learned


READ: dict[Dimension, Reader] = {
    "PE": _learned(_efficient),
    "BL": _learned(_beats_lora),
    "BF": _learned(_beats_full),
    "DE": _learned(_with_few_examples),
    "OOD": _shifted,
}
"""How each dimension that tables can tell is read off one."""
