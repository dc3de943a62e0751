"""Evidence of all sources' tables on each dimension of each method, one finding a unit.

Whatever can be read off a table is derived here; what cannot, a figure or a number in a
text, is typed in the file of its source under `findings`. The rule is on docs/findings/grading.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean as mean
from typing import TypeAlias

from scripts.survey.facts.pair import (
    READING,
    Models,
    Reading,
    chosen,
    largest,
    nearest,
    read_models,
    rows_of,
    share,
    trained,
)
from scripts.survey.facts.papers import read_tables
from scripts.survey.facts.peft import Key, benchmark
from scripts.survey.facts.result import FULL, Row, Source, Table
from scripts.survey.facts.say import count, millions, number, signed
from scripts.survey.results import experiment
from scripts.survey.sources.rule import (
    DIMENSIONS,
    ClaimedBy,
    Dimension,
    Finding,
    RunBy,
    Side,
    Strength,
)
from scripts.survey.sources.unit import Part, Unit, full, paired, part, united

LORA = "lora"

NEAR_FULL = 0.01  # of the metric's range below full fine-tuning is near enough for PE
SMALL = 1.0  # per cent of the model's parameters
QUARTER = 0.25  # of LoRA's parameters are few
FEW_EXAMPLES = 1000

RETENTION = "retention"
"""Begins the name of a suite that tells what is kept, not what is learned."""

OURS: tuple[Dimension, ...] = ("BL",)
"""Dimensions on which the site's own experiment has a vote. It has none on how near few
parameters come to full fine-tuning: that depends on a model's size, and its model is small."""

Pages: TypeAlias = Mapping[str, tuple[str, ...]]
"""The modules of each page, by its slug."""


def every_finding(root: Path, pages: Pages, runs: Mapping[Key, str]) -> dict[str, Findings]:
    """Return the findings of each page in all tables and in PEFT's benchmark.

    Args:
        runs: The first module of every page, by the key of its runs in the benchmark.

    Raises:
        CatalogError: when a file of tables cannot be read.
    """
    return _every_finding(root, tuple(pages.items()), tuple(runs.items()))


@cache
def _every_finding(
    root: Path, pages: tuple[tuple[str, tuple[str, ...]], ...], runs: tuple[tuple[Key, str], ...]
) -> dict[str, Findings]:
    return findings(dict(pages), every_source(root, dict(runs)), read_models(root))


def every_source(root: Path, runs: Mapping[Key, str]) -> tuple[Source, ...]:
    """Return all that is measured: tables of publications, PEFT's benchmark, the experiment.

    Args:
        runs: The first module of every page, by the key of its runs in the benchmark.
    """
    return (*read_tables(root), benchmark(root, runs), *experiment.sources(root))


Findings: TypeAlias = tuple[Finding, ...]


def findings(
    pages: Pages, sources: Sequence[Source], models: Models, how: Reading = READING
) -> dict[str, Findings]:
    order = list(DIMENSIONS)

    def place(f: Finding) -> tuple[int, bool, str]:
        return order.index(f.dimension), f.run_by != "authors", f.source_key

    return {
        slug: tuple(sorted((f for s in sources for f in _of(s, own, models, how)), key=place))
        for slug, own in pages.items()
    }


def _of(source: Source, own: Sequence[str], models: Models, how: Reading) -> Iterator[Finding]:
    run_by = source.run_by(own)
    yield from _read(source, own, models, how)
    for said in source.findings:
        if said.method in own and said.dimension != "WA":
            yield Finding(
                dimension=said.dimension,
                source_key=source.key,
                place=said.place,
                unit=said.unit,
                finding=said.finding,
                run_by=run_by,
                strength=said.strength,
                claimed_by=said.claimed_by,
                numbers=said.says,
            )
    if run_by != "authors" and not source.ours:
        yield from _adopted(source, own, run_by)


def _read(source: Source, own: Sequence[str], models: Models, how: Reading) -> Iterator[Finding]:
    run_by = source.run_by(own)
    claimed_by: ClaimedBy = "paper" if run_by == "authors" else "others"
    for dimension in OURS if source.ours else READ:
        for unit in counted(source, dimension, own, models, how):
            side, strength = _decided(dimension, unit)
            size = models.get(unit.model)
            yield Finding(
                dimension=dimension,
                source_key=source.key,
                place=unit.place,
                unit=f"{unit.model}, {unit.suite}",
                finding=side,
                run_by=unit.run_by or run_by,
                strength="weak" if source.ours else strength,
                claimed_by="us" if source.ours else claimed_by,
                numbers="; ".join(_numbers(dimension, part, size) for part in unit.parts),
            )


def counted(
    source: Source,
    dimension: Dimension,
    own: Sequence[str],
    models: Models,
    how: Reading = READING,
) -> Iterator[Unit]:
    tables = [table for table in source.tables if rows_of(table, own)]
    # What tells what is kept says nothing of how well a task is learned.
    learned = [t for t in tables if dimension == "OOD" or not t.suite.startswith(RETENTION)]
    parts = (READ[dimension](table, own, models, how) for table in learned)
    yield from united(source, filter(None, parts))


def _adopted(source: Source, own: Sequence[str], run_by: RunBy) -> Iterator[Finding]:
    """Yield that a paper by others ran the method, which is all that WA asks for."""
    places = {
        table.place: f"{table.model}, {table.suite}"
        for table in source.tables
        if any(r.method in own and r.run.kind == "run" and not r.same_as for r in table.rows)
    }
    said = [s for s in source.findings if s.method in own and s.dimension == "WA"]
    if places or said:
        place, unit = next(iter(places.items())) if places else (said[0].place, said[0].unit)
        words = f"run in {len(places)} table{'s' * (len(places) > 1)}" if places else said[0].says
        yield Finding("WA", source.key, place, unit, "for", run_by, "weak", "others", words)


def _decided(dimension: Dimension, unit: Unit) -> tuple[Side, Strength]:
    side, strength = unit.side, unit.strength
    if dimension == "PE":
        side = "for" if round(unit.gap.difference, 9) >= -NEAR_FULL else "against"
    if dimension == "BF" and side == "level":
        side = "for"
    few = unit.ratio is not None and unit.ratio <= QUARTER
    if dimension == "BL" and side != "for" and few:
        side, strength = ("for" if side == "level" else "against"), "weak"
    return side, strength


# In words -----------------------------------------------------------------------------------------


def _numbers(dimension: Dimension, part: Part, size: float | None) -> str:
    words = "; ".join(_told(one, size) for one in part.told or (part,))
    return f"{words}; {count(part.table.samples or 0)} examples" if dimension == "DE" else words


def _told(part: Part, size: float | None) -> str:
    cells, level = part.gap.cells, f"level within {part.gap.level * part.table.range:.2g}"
    if len(cells) == 1:
        values, kind = " against ".join(result.shown for result in cells[0]), ""
    elif len({result.sign for result, _ in cells}) == 1:
        means = (mean(result.value for result in side) for side in zip(*cells, strict=True))
        values = " against ".join(number(value, 2) for value in means)
        kind = f"means of {len(cells)} cells; "
    else:
        values = signed(part.gap.difference * part.table.range, 2)
        kind = f"mean of {len(cells)} cells, better is positive; "
    full = part.other.method == FULL
    baseline = " ".join(filter(None, ("full tuning" if full else "LoRA", part.other.setting)))
    sizes = [_budget(row, size) for row in (part.row, part.other)[: 1 if full else 2]]
    unprinted = "sizes alike" if part.table.equal_size else "sizes not printed"
    budget = " against ".join(s or "not stated" for s in sizes) if any(sizes) else unprinted
    setting = " ".join(filter(None, (part.row.method.replace("_", " "), part.row.setting)))
    return f"{setting}: {values} ({baseline}; {kind}{level}), {budget}"


def _budget(row: Row, size: float | None) -> str:
    part, own = share(row, size), trained(row, size)
    if own is not None and (row.parameters is not None or row.trained is not None):
        return millions(own) + (f" = {part:.2g} %" if part is not None else "")
    return f"{part:g} %" if part is not None else ""


# The dimensions -----------------------------------------------------------------------------------


def _efficient(table: Table, own: Sequence[str], models: Models, how: Reading) -> Part | None:
    """PE: near full fine-tuning with at most one per cent of the model's parameters."""
    size, other = models.get(table.model), full(table, own, how=how)
    shares = [(row, share(row, size)) for row in rows_of(table, own)]
    small = [row for row, part in shares if part is not None and part <= SMALL]
    if not other or not small:
        return None
    return paired(table, largest(chosen(small), size), other, size, how=how)


def _beats_lora(table: Table, own: Sequence[str], models: Models, how: Reading) -> Part | None:
    """BL: ahead of LoRA at the nearest budget on the same modules."""
    beaten = part(table, own, LORA, models, how)
    return beaten if beaten and beaten.fair else None


def _beats_full(table: Table, own: Sequence[str], models: Models, how: Reading) -> Part | None:
    """BF: ahead of full fine-tuning, or level with it."""
    return part(table, own, FULL, models, how)


def _with_few_examples(
    table: Table, own: Sequence[str], models: Models, how: Reading
) -> Part | None:
    """DE: ahead of LoRA and of full fine-tuning with the same few examples."""
    if not table.samples or table.samples > FEW_EXAMPLES:
        return None
    parts = _against_both(table, own, models, how)
    if not all(name in parts or name in own for name in (LORA, FULL)):
        return None
    # Ahead of both is ahead of the better one.
    return min(parts.values(), key=_rank)._replace(weak=True, told=tuple(parts.values()))


def _rank(part: Part) -> tuple[int, float]:
    return ("against", "level", "for").index(part.gap.side), part.gap.difference


def _shifted(table: Table, own: Sequence[str], models: Models, how: Reading) -> Part | None:
    """OOD: ahead of LoRA or of full fine-tuning on data unlike the training data."""
    parts = _against_both(table, own, models, how, shifted=True)
    if not parts:
        return None
    return max(parts.values(), key=_rank)._replace(told=tuple(parts.values()))


def _against_both(
    table: Table, own: Sequence[str], models: Models, how: Reading, shifted: bool = False
) -> dict[str, Part]:
    size, mine = models.get(table.model), chosen(rows_of(table, own))
    loras = [row for row in table.rows if row.method == LORA] if LORA not in own else []
    if not mine:
        return {}
    row = largest(mine, size)
    baselines = {
        LORA: nearest(row, loras, size) if loras else None,
        FULL: full(table, own, shifted, how),
    }
    parts = {
        name: paired(table, row, other, size, shifted, how)
        for name, other in baselines.items()
        if other
    }
    return {name: part for name, part in parts.items() if part}


READ: dict[Dimension, Callable[[Table, Sequence[str], Models, Reading], Part | None]] = {
    "PE": _efficient,
    "BL": _beats_lora,
    "BF": _beats_full,
    "DE": _with_few_examples,
    "OOD": _shifted,
}
"""Functions that read each dimension off a table, for those that tables can tell."""
