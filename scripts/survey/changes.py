"""Changes of two models by fine-tuning, and how many times chance each family explains of them.

The shares come from scripts/studies/real_changes.py.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from statistics import fmean
from typing import NamedTuple

from scripts.bootstrap import ROOT
from scripts.survey.statistics import Interval, over_groups

DATA = ROOT / "docs" / "data"
TABLE, DESCENTS, NOISE = "real_changes.csv", "real_changes_descents.csv", "real_changes_noise.csv"
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

SPECTRAL = ("low_rank", "hadamard")
"""They look at singular values and nothing else: independent entries are their control."""

ENTRIES = 256 * 256


class Family(NamedTuple):
    """Per model how many times chance a family explains, of the change and of its control."""

    name: str
    sampled: bool
    parameters: int | None
    found: list[tuple[Interval, Interval]]

    @property
    def structure(self) -> float:
        """The ratio of the change to its control: the mean over models, from 0 on."""
        ratios = [change.mean / control.mean for change, control in self.found if control.mean > 0]
        return max(0.0, fmean(ratios))


@cache
def read(name: str) -> tuple[list[str], list[dict[str, str]]]:
    """Return the comments and the rows of a table of results."""
    lines = (DATA / name).read_text("utf-8").splitlines()
    comments = [line.removeprefix("# ") for line in lines if line.startswith("#")]
    return comments, list(csv.DictReader(line for line in lines if not line.startswith("#")))


def closed() -> list[str]:
    """Return the families that have a closed form."""
    end = "_parameters"
    return [name.removesuffix(end) for name in read(TABLE)[1][0] if name.endswith(end)]


class Measured(NamedTuple):
    """The share that a family explains of one matrix, and how many times chance that is."""

    family: str
    model: str
    kind: str
    layer: int
    share: float
    times: float


def measured(rank: int) -> Iterator[Measured]:
    """Yield what each family explains of each matrix at a budget."""
    for row in read(TABLE)[1]:
        if int(row["rank"]) == rank:
            entries = int(row["d_out"]) * int(row["d_in"])
            for name in filter(row.get, closed()):
                times = float(row[name]) * entries / int(row[f"{name}_parameters"])
                yield _measured(name, row, float(row[name]), times)
    if rank == SAMPLED_RANK:
        for row in read(DESCENTS)[1]:
            times = float(row["share"]) * ENTRIES / int(row["parameters"])
            yield _measured(row["family"], row, float(row["share"]), times)


def _measured(family: str, row: dict[str, str], share: float, times: float) -> Measured:
    return Measured(family, row["model"], row["kind"], int(row["layer"]), share, times)


def shares(rank: int) -> dict[tuple[str, str, str], float]:
    """Return by family, model and kind which share is explained, as the mean over matrices."""
    found = defaultdict[tuple[str, str, str], list[float]](list)
    for m in measured(rank):
        found[m.family, m.model, m.kind].append(m.share)
    return {key: fmean(values) for key, values in found.items()}


def efficiencies(rank: int) -> dict[tuple[str, str, str], dict[int, list[float]]]:
    """Return by family, model and kind how many times chance is explained, in each layer."""
    found: dict[tuple[str, str, str], dict[int, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for m in measured(rank):
        found[m.family, m.model, m.kind][m.layer].append(m.times)
    return found


@cache
def families(rank: int) -> list[Family]:
    """Return all families at a budget, those with most structure first."""
    found = efficiencies(rank)

    def mean(name: str, model: str, kind: str) -> Interval:
        if kind == CONTROL and name in SPECTRAL:
            return noise(name, rank)
        return over_groups(list(found[name, model, kind].values()))

    listed = []
    for name in dict.fromkeys(name for name, *_ in found):
        pairs = [(mean(name, m, "change"), mean(name, m, CONTROL)) for m in MODELS]
        listed.append(Family(name, name not in closed(), _parameters(name, rank), pairs))
    return sorted(listed, key=lambda family: -family.structure)


def noise(name: str, rank: int) -> Interval:
    """Return how many times chance a family explains of independent entries at 256 × 256."""
    for row in read(NOISE)[1]:
        if row["family"] == name and int(row["rank"]) == rank:
            return Interval(float(row["mean"]), float(row["least"]), float(row["most"]))
    raise LookupError(f"{NOISE} has no {name} at rank {rank}")


def _parameters(name: str, rank: int) -> int | None:
    """Return how many parameters a family has on a 256 × 256 matrix at a budget."""
    if name not in closed():
        counts = [row["parameters"] for row in read(DESCENTS)[1] if row["family"] == name]
    else:
        sides, key = ("256", "256", str(rank)), f"{name}_parameters"
        table = read(TABLE)[1]
        counts = [r[key] for r in table if (r["d_out"], r["d_in"], r["rank"]) == sides and r[key]]
    return int(counts[0]) if counts else None


def about(model: str) -> dict[str, float]:
    """Return the means over a model's matrices of what is known of each change."""
    names = ("shrink", "relative_norm", "directions_for_half", "directions_for_90", "full_rotation")
    table = [row for row in read(TABLE)[1] if row["model"] == model]

    def mean(name: str, kind: str) -> float:
        return fmean(float(row[name]) for row in table if row["kind"] == kind)

    control = {"full_rotation_control": mean("full_rotation", CONTROL)}
    return {name: mean(name, "change") for name in names} | control
