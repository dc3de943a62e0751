"""Changes of models by fine-tuning, and how many times chance each family explains of them.

The tables come from scripts/studies/real_changes.py, of two BERTs, and english_changes.py, of an
English model on two tasks after three runs each.

changes/rank-2: low_rank, bert_ft        times chance; `bert_ft control` its control's, and `bert_ft
                                         share` the share itself
changes/whole: relative norm, bert_ft    a mean over all matrices of a model
english/families: low_rank, reviews      times chance; `reviews control` its control's
english/down: shards, reviews            times chance in the second feed-forward matrices
english/whole: relative_norm, reviews    a mean over matrices and seeds
english/alike: same task, cosine         over `pairs` of runs; `two tasks` likewise
english/joint: reviews inputs, apart     what spaces of few directions hold
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from scripts.bootstrap import ROOT
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.reader import comments, records, rows
from scripts.survey.facts.say import number
from scripts.survey.results import english
from scripts.survey.statistics.intervals import Interval, over_groups

DATA = ROOT / "docs" / "data"
TABLE, DESCENTS, NOISE = (DATA / f"real_changes{end}.csv" for end in ("", "_descents", "_noise"))
SOURCE = "changes"
MODELS = ("bert_ft_10k_25s", "bert_ft")
CONTROL = "control"

SAMPLED_RANK = 2
"""The budget at which families without a closed form were measured, on some of the matrices."""

DESCENDED = {
    "normed": ("Lengths and few directions", ("dora",)),
    "reflected": ("Reflections of the inputs", ("hra",)),
    "hadamard": ("A product of two low ranks", ("loha",)),
    "scaled_bases": ("Scaled random bases", ("vera",)),
}
"""Titles and methods of the families without a closed form; demos/reach.py has those with one."""

LOW_RANK = "low_rank"
SPECTRAL = (LOW_RANK, "hadamard")
"""They look at singular values and nothing else: independent entries are their control."""

ANOTHER = "hadamard"
"""A family that is another one at these budgets: two changes of rank 1 have a product of rank 1."""

ENTRIES = 256 * 256


class Family(NamedTuple):
    """Per model how many times chance a family explains, of the change and of its control."""

    name: str
    parameters: int | None
    pairs: list[tuple[Interval, Interval]]

    @property
    def structure(self) -> float:
        """The ratio of the change to its control: the mean over models, from 0 on."""
        ratios = [change.mean / control.mean for change, control in self.pairs if control.mean > 0]
        return max(0.0, fmean(ratios))

    @property
    def says(self) -> str:
        changes, controls = ([number(pair[i].mean, 1) for pair in self.pairs] for i in (0, 1))
        control = " and ".join(dict.fromkeys(controls))
        return f"{' and '.join(changes)} times chance (control {control})"


class Measured(NamedTuple):
    """The share that a family explains of one matrix, and how many times chance that is."""

    family: str
    model: str
    kind: str
    part: str
    layer: int
    share: float
    times: float


Row = Mapping[str, str]


def closed(path: Path) -> list[str]:
    end = "_parameters"
    return [name.removesuffix(end) for name in records(path)[0] if name.endswith(end)]


def explained(path: Path, some: Iterable[Row], model: str) -> Iterator[Measured]:
    """Yield what families with a closed form explain; the column `model` says whose a matrix is."""
    for row in some:
        entries = int(row["d_out"]) * int(row["d_in"])
        for name in filter(row.get, closed(path)):
            noise = "noise" in row and row["kind"] == CONTROL and name == LOW_RANK
            share = float(row["noise" if noise else name])
            times = share * entries / int(row[f"{name}_parameters"])
            yield Measured(
                name, row[model], row["kind"], row["part"], int(row["layer"]), share, times
            )


@cache
def measured(rank: int = SAMPLED_RANK) -> tuple[Measured, ...]:
    closed_form = (r for r in records(TABLE) if int(r["rank"]) == rank)
    cells = [*explained(TABLE, closed_form, "model")]
    for row in records(DESCENTS) if rank == SAMPLED_RANK else ():
        share, place = float(row["share"]), (row["model"], row["kind"], row["part"])
        times = share * ENTRIES / int(row["parameters"])
        cells.append(Measured(row["family"], *place, int(row["layer"]), share, times))
    return tuple(cells)


@cache
def in_english() -> tuple[Measured, ...]:
    return tuple(explained(english.CHANGES, records(english.CHANGES), "task"))


def by_layer(cells: Iterable[Measured], name: str, model: str, kind: str) -> dict[int, list[float]]:
    """Return how many times chance a family explains of the matrices of each layer."""
    layers: dict[int, list[float]] = defaultdict(list)
    for m in cells:
        if (m.family, m.model, m.kind) == (name, model, kind):
            layers[m.layer].append(m.times)
    return layers


def mean(cells: Iterable[Measured], name: str, model: str, kind: str) -> Interval:
    """Return the mean over matrices, with its interval over layers."""
    return over_groups(list(by_layer(cells, name, model, kind).values()))


@cache
def families() -> list[Family]:
    cells = measured()
    listed = []
    for name in dict.fromkeys(m.family for m in cells if m.family != ANOTHER):
        pairs = [
            (
                mean(cells, name, model, "change"),
                noise(name) if name in SPECTRAL else mean(cells, name, model, CONTROL),
            )
            for model in MODELS
        ]
        listed.append(Family(name, _parameters(name), pairs))
    return sorted(listed, key=lambda family: -family.structure)


@cache
def english_families() -> list[Family]:
    """Return families in the English model, those with most structure first.

    One whose best member is further from the changes, or from the control, than none is left out.
    """
    cells, tasks, listed = in_english(), english.plan().tasks, []
    for name in dict.fromkeys(m.family for m in cells):
        places = {m.model for m in cells if m.family == name}
        pairs = [
            (mean(cells, name, task, "change"), mean(cells, name, task, CONTROL))
            for task in tasks
            if task in places
        ]
        if len(pairs) == len(tasks) and min(each.mean for pair in pairs for each in pair) > 0:
            listed.append(Family(name, None, pairs))
    return sorted(listed, key=lambda family: -family.structure)


class Chance(NamedTuple):
    """Times chance that a family explains of independent entries at 256 × 256."""

    family: str
    rank: int
    mean: float
    least: float
    most: float


def noise(name: str) -> Interval:
    """Return how many times chance a family explains of independent entries at 256 × 256."""
    (chance,) = rows(Chance, NOISE, family=name, rank=SAMPLED_RANK)
    return Interval(chance.mean, chance.least, chance.most)


def _parameters(name: str) -> int | None:
    """Return how many parameters a family has on a 256 × 256 matrix."""
    if name not in closed(TABLE):
        counts = [row["parameters"] for row in records(DESCENTS) if row["family"] == name]
    else:
        sides, key = ("256", "256", str(SAMPLED_RANK)), f"{name}_parameters"
        table = records(TABLE)
        counts = [r[key] for r in table if (r["d_out"], r["d_in"], r["rank"]) == sides and r[key]]
    return int(counts[0]) if counts else None


WHOLE = ("relative_norm", "directions_for_half", "directions_for_90", "full_rotation")


def about(path: Path, key: str, model: str, names: Sequence[str]) -> dict[str, float]:
    """Return the means over a model's matrices of what is known of each change."""
    table = [row for row in records(path) if row[key] == model]

    def over(name: str, kind: str) -> float:
        return fmean(float(row[name]) for row in table if row["kind"] == kind and row[name])

    return {n: over(n, "change") for n in names} | {"control": over("full_rotation", CONTROL)}


# Facts --------------------------------------------------------------------------------------------


def _whole(fact: Maker, row: str, column: str, value: float, digits: int) -> Fact:
    counted = row.startswith("directions")
    return fact("whole", row, column, value, "0" if counted else f"{digits} %")


def facts() -> Iterator[Fact]:
    fact = Maker(SOURCE, "docs/data/real_changes.csv")
    table = f"rank-{SAMPLED_RANK}"
    for family in families():
        yield from _pairs(fact, table, family.name, zip(MODELS, family.pairs, strict=True))
        yield fact(table, family.name, "says", family.says)
        if family.parameters:
            yield fact(table, family.name, "parameters", family.parameters, "count")
    shares = defaultdict[tuple[int, str, str], list[float]](list)
    for rank in (1, SAMPLED_RANK):
        for m in measured(rank):
            kind = f" {m.kind}" if m.kind == CONTROL else ""
            shares[rank, m.family, f"{m.model}{kind} share"].append(m.share)
    for (rank, name, column), some in shares.items():
        yield fact(f"rank-{rank}", name, column, fmean(some), "1 %")
    for model in MODELS:
        for name, value in about(TABLE, "model", model, ("shrink", *WHOLE)).items():
            row = "full rotation control" if name == "control" else name.replace("_", " ")
            yield _whole(fact, row, model, value, 0)
    versions = comments(TABLE) + comments(DESCENTS)[1:]
    yield fact("study", "all", "versions", "; ".join(versions))


def _pairs(
    fact: Maker, table: str, row: str, pairs: Iterable[tuple[str, tuple[Interval, Interval]]]
) -> Iterator[Fact]:
    for model, both in pairs:
        for column, each in zip((model, f"{model} control"), both, strict=True):
            yield fact(table, row, column, each, "1")


def english_facts() -> Iterator[Fact]:
    fact, tasks, cells = english.fact, english.plan().tasks, in_english()
    for family in english_families():
        yield from _pairs(fact, "families", family.name, zip(tasks, family.pairs, strict=True))
    down = [m for m in cells if m.part == "down"]
    for name in (family.name for family in english_families()):
        for task in dict.fromkeys(m.model for m in down if m.family == name):
            yield fact("down", name, task, mean(down, name, task, "change").mean, "1")
    for task in tasks:
        names = (*WHOLE, LOW_RANK, "principal_core")
        for name, value in about(english.CHANGES, "task", task, names).items():
            row = "full_rotation control" if name == "control" else name
            yield _whole(
                fact, row if name in (*WHOLE, "control") else f"{name} share", task, value, 1
            )
    yield from _runs(fact)


SHARED = ("apart", "joint", "joint_as_many", "control_joint", "control_joint_as_many")
PAIRED = ("cosine", "left", "left_by_chance", "right", "right_by_chance")


def _runs(fact: Maker) -> Iterator[Fact]:
    """Yield how alike the changes of two runs are, and what one space for all layers holds."""
    spaces = defaultdict[str, list[Row]](list)
    for row in records(english.JOINT):
        spaces[f"{row['task']} {row['side']}"].append(row)
    for place, some in spaces.items():
        for name in SHARED:
            yield fact("joint", place, name, fmean(float(row[name]) for row in some), "0 %")
    for same, called in ((True, "same task"), (False, "two tasks")):
        some = [r for r in records(english.ALIKE) if (r["task"] == r["other_task"]) == same]
        pairs = {(r["task"], r["seed"], r["other_task"], r["other_seed"]) for r in some}
        yield fact("alike", called, "pairs", len(pairs), "count")
        for name in PAIRED:
            value = fmean(float(r[name]) for r in some)
            yield fact("alike", called, name, value, "3" if name.endswith("chance") else "2")
