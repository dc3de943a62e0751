"""PEFT's own benchmark: its rows, its agreement with the grades, and its plots."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from scripts.catalog.counts import MODELS
from scripts.catalog.memory import GIB, INPUTS, STATES, estimate
from scripts.macros.scatter import Axis, Dot, Plot
from scripts.survey.peft import Suite, best, runs
from scripts.survey.statistics import Agreement, spearman

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
    return spearman(pairs)


def memory_errors() -> list[float]:
    """Return by what share the estimate of memory is off for each run that adapts linear weights.

    All runs of the mathematics have Llama-3.2-3B in 16 bits, four sequences of at most 768 tokens,
    AdamW and no checkpointing.
    """
    model = MODELS[0]
    shape = {k: v for k, v in model._asdict().items() if isinstance(v, int)}
    given = {**shape, "bits": 16, "linear": 0, "state": STATES["AdamW"], "tokens": 4 * 768}
    found = []
    for run in runs("metamathqa"):
        targets = run.modules.split("+")
        if set(targets) <= INPUTS.keys():
            inputs = sum(shape[INPUTS[target]] for target in targets)
            more = {"inputs": inputs, "trained": run.parameters, "checkpointing": False}
            found.append(estimate({**given, **more})["all"] / (GIB * run.memory) - 1)
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
    for row in runs("metamathqa"):
        link = links.get(row.entry or 0)
        name = link.name if link else NAMES.get(row.tuner, row.label.split()[0])
        address = link.address if link else ""
        error = row.standard_error or 0
        dots.append(Dot(name, row.label, getattr(row, axis), row.score, error, address))
    return Plot(f"metamathqa-{axis}", AXES[axis], "% of GSM8K", dots, 60)
