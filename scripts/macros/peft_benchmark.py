"""PEFT's own benchmark: its rows, its agreement with the grades, and its plots."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
from scipy import stats

from scripts.bootstrap import ROOT
from scripts.catalog.counts import MODELS
from scripts.catalog.memory import INPUTS, STATES, estimate
from scripts.macros.scatter import Axis, Dot, Plot

DATA = ROOT / "docs" / "data"
Suite = Literal["metamathqa", "imagegen"]

# How methods without a page write their names.
NAMES = {
    "FULL_FT": "Full fine-tuning", "LILY": "Lily", "HIRA": "HiRA", "FROD": "FRoD",
    "GRALORA": "GraLoRA", "DEFT": "DEFT", "PEANUT": "PEANuT", "OSF": "OSF", "GLORA": "GLoRA",
    "WAVEFT": "WaveFT", "PVERA": "PVeRA", "ADAMSS": "AdaMSS", "BEFT": "BEFT",
    "TINYLORA": "TinyLoRA", "UNILORA": "Uni-LoRA", "LORA": "A variant of LoRA",
}  # fmt: skip


class Link(NamedTuple):
    """Where a method's page is, and its name."""

    address: str
    name: str


OFT, OFTV2 = 2, 28  # PEFT's OFT tuner implements entry 28; the survey grades entry 2 apart from it


@dataclass(frozen=True)
class Row:
    """One run of the benchmark; `score` is the suite's main number, in per cent for accuracies."""

    experiment: str
    tuner: str
    entry: int | None
    learning_rate: float
    parameters: int
    score: float
    standard_error: float | None
    side_effect: float | None
    memory: float
    seconds: float
    status: str

    @property
    def label(self) -> str:
        """The experiment's name without the model's."""
        return re.sub(r"--(llama-3\.2-3B|flux2-klein)-?", " ", self.experiment).strip()


@cache
def rows(suite: Suite) -> tuple[Row, ...]:
    """Return all runs of a suite, best first."""
    return tuple(sorted(read(DATA / f"peft_{suite}.csv", suite), key=lambda row: -row.score))


def read(path: Path, suite: Suite) -> Iterator[Row]:
    """Yield the runs in a file.

    Raises:
        ValueError: when a line has too few or too many cells, or a number is none.
    """
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        for cells in table:
            place = f"docs/data/{path.name}, line {table.line_num}"
            names = table.fieldnames or []
            if None in cells or None in cells.values():
                extra = cells.get(None, [])
                n = len(names) - list(cells.values()).count(None) + len(extra)
                raise ValueError(f"{place}: has {n} cells, where the first line has {len(names)}")
            try:
                yield _row(cells, suite)
            except ValueError as error:
                raise ValueError(f"{place}: {error}; correct this cell") from error


def _row(r: dict[str, str], suite: Suite) -> Row:
    maths = suite == "metamathqa"
    return Row(
        experiment=r["experiment"],
        tuner=r["peft_type"],
        entry=int(r["survey_entry"]) if r["survey_entry"] else None,
        learning_rate=float(r["lr"] or "nan"),
        parameters=int(r["trainable_params"]),
        score=100 * float(r["test_accuracy"]) if maths else float(r["test_dino_similarity"]),
        standard_error=100 * float(r["test_accuracy_se"]) if maths else None,
        side_effect=_number(r["forgetting" if maths else "drift"]),
        memory=float(r["peak_memory_gib"]),
        seconds=float(r["train_time_s"]),
        status=r["status"],
    )


def check() -> None:
    """Raise `ValueError` when the file of a suite cannot be read."""
    for suite in get_args(Suite):
        rows(suite)


def _number(text: str) -> float | None:
    return float(text) if text else None


def best(suite: Suite) -> dict[int, Row]:
    """Return the best run of every catalogue entry that has one."""
    found: dict[int, Row] = {}
    for row in rows(suite):
        if row.entry is not None:
            found.setdefault(row.entry, row)
    return found


@dataclass(frozen=True)
class Agreement:
    """A rank correlation with its two-sided p and a 95 % bootstrap interval."""

    n: int
    rho: float
    p: float
    low: float
    high: float


def agreement(
    suite: Suite, values: Mapping[int, float], without: Collection[int] = ()
) -> Agreement:
    """Return Spearman's ρ between a value and the best score, over the entries that have both.

    Args:
        suite: Which benchmark.
        values: A number for each entry: a total, or what it trains.
        without: Entries whose rows are left out.
    """
    pairs = [
        (values[entry], row.score)
        for entry, row in best(suite).items()
        if entry in values and entry not in without
    ]
    return _spearman(np.array(pairs))


def _spearman(pairs: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Agreement:
    result = stats.spearmanr(pairs)
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(pairs), size=(4000, len(pairs)))
    ranks = [stats.rankdata(pairs[draws][:, :, k], axis=1) for k in (0, 1)]
    a, b = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    norms = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    rhos = (a * b).sum(axis=1)[norms > 0] / norms[norms > 0]
    low, high = np.quantile(rhos, [0.025, 0.975])
    return Agreement(
        len(pairs), float(result.statistic), float(result.pvalue), float(low), float(high)
    )


def memory_errors() -> list[float]:
    """Return by what share the estimate of memory is off for each run that adapts linear weights.

    All runs of the mathematics have Llama-3.2-3B in 16 bits, four sequences of at most 768 tokens,
    AdamW and no checkpointing.
    """
    model = MODELS[0]
    shape = {k: v for k, v in model._asdict().items() if isinstance(v, int)}
    given = {**shape, "bits": 16, "linear": 0, "state": STATES["AdamW"], "tokens": 4 * 768}
    found = []
    with (DATA / "peft_metamathqa.csv").open(encoding="utf-8", newline="") as file:
        for run in csv.DictReader(file):
            targets = run["target_modules"].split("+")
            if set(targets) <= INPUTS.keys():
                inputs = sum(shape[INPUTS[target]] for target in targets)
                trained = int(run["trainable_params"])
                more = {"inputs": inputs, "trained": trained, "checkpointing": False}
                found.append(
                    estimate({**given, **more})["all"] / float(run["peak_memory_bytes"]) - 1
                )
    return found


# The plots ----------------------------------------------------------------------------------------

AXES = {
    "parameters": Axis("trained parameters", 40, 4e9, [10**k for k in range(2, 10)]),
    "memory": Axis("GiB at the peak", 18, 38, [18, 20, 22, 25, 30, 35]),
    "seconds": Axis("seconds of training", 800, 8000, [1000, 2000, 3000, 5000]),
}


def plot(axis: Literal["parameters", "memory", "seconds"], links: Mapping[int, Link]) -> Plot:
    """Return the plot of the mathematics: score against a cost.

    Args:
        axis: The cost across.
        links: The page of every entry that has one.
    """
    dots = []
    for row in rows("metamathqa"):
        link = links.get(row.entry or 0)
        name = link.name if link else NAMES.get(row.tuner, row.label.split()[0])
        address = link.address if link else ""
        error = row.standard_error or 0
        dots.append(Dot(name, row.label, getattr(row, axis), row.score, error, address))
    return Plot(f"metamathqa-{axis}", AXES[axis], "% of GSM8K", dots, 60)
