"""What full fine-tuning did to two models, from the results of scripts/studies/real_changes.py."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from typing import NamedTuple

import numpy as np

from demos.reach import FAMILIES, Change
from scripts.bootstrap import ROOT
from scripts.macros.lab import ENDS, piece, stored
from scripts.macros.page import Part, macro, names
from scripts.studies.descents import DESCENTS
from scripts.studies.real_changes import AFTER, CONTROL, SAMPLED_RANK
from scripts.survey.say import count, number

DATA = ROOT / "docs" / "data"
DRAWS = 2000
SPECTRAL = ("low_rank", "hadamard")
LEFT, RIGHT = ENDS


class Mean(NamedTuple):
    """A mean over matrices, with the 95 % interval of a bootstrap over layers."""

    mean: float
    low: float
    high: float


class Row(NamedTuple):
    """A family: per model how many times chance it explains, of the change and of its control."""

    name: str
    title: str
    mark: str
    methods: tuple[str, ...]
    numbers: str
    found: list[tuple[Mean, Mean]]

    @property
    def structure(self) -> float:
        """How far the change is from its control: the mean over models of the ratio, from 0 on."""
        ratios = [change.mean / control.mean for change, control in self.found if control.mean > 0]
        return max(0.0, float(np.mean(ratios)))


def read(name: str) -> tuple[list[str], list[dict[str, str]]]:
    """Return the comments and the rows of a table of results."""
    lines = (DATA / name).read_text("utf-8").splitlines()
    comments = [line.removeprefix("# ") for line in lines if line.startswith("#")]
    return comments, list(csv.DictReader(line for line in lines if not line.startswith("#")))


def over_layers(values: dict[int, list[float]]) -> Mean:
    """Return the mean of values by layer, and its interval: layers are drawn, not matrices.

    >>> over_layers({0: [1.0, 1.0], 1: [1.0]})
    Mean(mean=1.0, low=1.0, high=1.0)
    """
    layers = [np.array(v) for v in values.values()]
    sums, counts = np.array([[v.sum(), len(v)] for v in layers]).T
    drawn = np.random.default_rng(0).integers(len(layers), size=(DRAWS, len(layers)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Mean(float(sums.sum() / counts.sum()), float(low), float(high))


def efficiencies(rank: int) -> dict[tuple[str, str, str], dict[int, list[float]]]:
    """Return by family, model and kind how many times chance is explained, in each layer."""
    found: dict[tuple[str, str, str], dict[int, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in read("real_changes.csv")[1]:
        if int(row["rank"]) != rank:
            continue
        entries = int(row["d_out"]) * int(row["d_in"])
        for name in FAMILIES:
            if row[name]:
                times = float(row[name]) * entries / int(row[f"{name}_numbers"])
                found[name, row["model"], row["kind"]][int(row["layer"])].append(times)
    if rank == SAMPLED_RANK:
        for row in read("real_changes_descents.csv")[1]:
            times = float(row["share"]) * 256 * 256 / int(row["numbers"])
            found[row["family"], row["model"], row["kind"]][int(row["layer"])].append(times)
    return found


@cache
def rows(rank: int) -> list[Row]:
    """Return all families at a budget, those with most structure first."""
    found = efficiencies(rank)
    listed = []
    for name in dict.fromkeys(name for name, *_ in found):
        sample = name in DESCENTS
        title, methods = DESCENTS[name][:2] if sample else FAMILIES[name][1:3]
        spectral = name in SPECTRAL
        controls = {
            m: noise(name, rank) if spectral else over_layers(found[name, m, CONTROL])
            for m in AFTER
        }
        pairs = [(over_layers(found[name, m, "change"]), controls[m]) for m in AFTER]
        mark = ("*" if sample else "") + ("†" if spectral else "")
        listed.append(Row(name, title, mark, tuple(methods), _numbers(name, rank), pairs))
    return sorted(listed, key=lambda row: -row.structure)


@cache
def noise(name: str, rank: int) -> Mean:
    """Return how many times chance a family explains of independent entries at 256 × 256.

    It is the control of families to which a change is its singular values and nothing else.
    """
    rng, most = np.random.default_rng(0), rank * 512
    form = FAMILIES[name].form if name in FAMILIES else DESCENTS[name][2]
    times = []
    for _ in range(5):
        found = form(Change(np.zeros((256, 256)), rng.normal(size=(256, 256))), most)
        if found:
            times.append(found.share * 256 * 256 / found.size)
    return Mean(float(np.mean(times)), min(times), max(times))


def _numbers(name: str, rank: int) -> str:
    """Return how many numbers a family has on a 256 × 256 matrix at a budget."""
    if name in DESCENTS:
        table = read("real_changes_descents.csv")[1]
        counts = [row["numbers"] for row in table if row["family"] == name]
    else:
        sides = ("256", "256", str(rank))
        table = read("real_changes.csv")[1]
        key = f"{name}_numbers"
        counts = [r[key] for r in table if (r["d_out"], r["d_in"], r["rank"]) == sides and r[key]]
    return count(int(counts[0])) if counts else ""


def facts(model: str) -> dict[str, float]:
    """Return the means over a model's matrices of what is known of each change."""
    names = ("shrink", "relative_norm", "directions_for_half", "directions_for_90", "full_rotation")
    table = [row for row in read("real_changes.csv")[1] if row["model"] == model]

    def mean(name: str, kind: str) -> float:
        return float(np.mean([float(row[name]) for row in table if row["kind"] == kind]))

    control = {"full_rotation_control": mean("full_rotation", CONTROL)}
    return {name: mean(name, "change") for name in names} | control


def times(row: Row) -> str:
    """Return how many times chance a family explains in both models, and of the control."""
    (first, its), (second, other) = row.found
    controls = dict.fromkeys(number(control.mean, 1) for control in (its, other))
    found = " and ".join(number(change.mean, 1) for change in (first, second))
    return f"{found} times chance (control {' and '.join(controls)})"


def place(times: float) -> float:
    """Return where a value lies on the picture's scale, in per cent of its width.

    >>> place(LEFT), place(RIGHT)
    (0.0, 100.0)
    """
    share = np.log(min(max(times, LEFT), RIGHT) / LEFT) / np.log(RIGHT / LEFT)
    return round(100 * float(share), 1)


class RealChanges(Part):
    """The macros of the page about real changes."""

    @macro
    def real_changes(self) -> str:
        """All families on both models, as a picture in a table."""
        called = names()
        for m in stored()["methods"]:
            called[m["slug"]] = (m["name"], called[m["slug"]][1])
        return self.page.style() + piece(
            self.page, "real_changes", rows(SAMPLED_RANK), called, place
        )

    @macro
    def real_times(self, name: str) -> str:
        """How many times chance a family explains in both models, and of the control."""
        (row,) = (row for row in rows(SAMPLED_RANK) if row.name == name)
        return times(row)

    @macro
    def real_facts(self) -> str:
        """What is true of the changes as a whole."""
        return piece(self.page, "real_facts", {model: facts(model) for model in AFTER})

    @macro
    def real_budgets(self) -> str:
        """The same families at one and at four ranks."""
        found = {rank: {row.name: row for row in rows(rank)} for rank in (1, 2, 4)}
        return piece(self.page, "real_budgets", rows(SAMPLED_RANK), found)

    @macro
    def real_versions(self) -> str:
        """What the study ran with."""
        comments = read("real_changes.csv")[0] + read("real_changes_descents.csv")[0][1:]
        return "; ".join(comments)
