"""Learning rates: the best one of every sweep, beside LoRA's and full fine-tuning's."""

from __future__ import annotations

import csv
from statistics import median
from typing import NamedTuple

from scripts.bootstrap import ROOT
from scripts.catalog.recipes import power
from scripts.macros.lists import active
from scripts.macros.page import Part, macro
from scripts.survey.facts import peft, say

FILE = "rates.html"


class Printed(NamedTuple):
    """A method in the table of printed rates; a ratio is to LoRA's rate, 0 where there is none."""

    name: str
    address: str
    low: float
    high: float
    searched: float
    set: float


def searches(batch: int = 0) -> dict[str, list[tuple[float, float]]]:
    """Return by method the best rates of printed searches, each with its ratio to LoRA's."""
    with (ROOT / "docs/data/printed_rates.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if batch in (0, int(row["batch"]))]
    cells = [(row["place"], row["batch"]) for row in rows]
    rates = [float(row["rate"]) for row in rows]
    lora = {c: r for row, c, r in zip(rows, cells, rates, strict=True) if row["method"] == "LoRA"}
    found: dict[str, list[tuple[float, float]]] = {}
    for row, cell, rate in zip(rows, cells, rates, strict=True):
        found.setdefault(row["method"], []).append((rate, rate / lora[cell]))
    return found


def printed() -> list[Printed]:
    """Return the methods whose rate is not LoRA's in PEFT's benchmark, or that were searched."""
    best = peft.best("metamathqa")
    [full] = (run.learning_rate for run in peft.runs("metamathqa") if run.tuner == "FULL_FT")
    rates = {
        m.title: best[m.runs].learning_rate for m in active() if m.runs in best and not m.untested
    }
    addresses = {m.title: m.url for m in active()}
    ratios = {"full fine-tuning": full / rates["LoRA"]}
    ratios |= {name: rate / rates["LoRA"] for name, rate in rates.items()}
    few, every = searches(16), searches()
    names = [*every, *(name for name, ratio in ratios.items() if ratio != 1 and name not in every)]
    ends = {name: [rate for rate, _ in found] for name, found in few.items()}
    return [
        Printed(
            name,
            addresses.get(name, ""),
            min(ends.get(name, [0])),
            max(ends.get(name, [0])),
            median(ratio for _, ratio in every[name]) if name in every else 0,
            ratios.get(name, 0),
        )
        for name in names
    ]


def times(ratio: float) -> str:
    """Return a ratio of rates.

    >>> times(1.0), times(3.16228), times(0.316228)
    ('1 ×', '3.2 ×', '0.32 ×')
    """
    return f"{say.figures(round(ratio, 2))} ×"


class RatesTable(Part):
    """The macros of the page on rates."""

    @macro("table")
    def printed_rates(self) -> str:
        """Rates on models of 3B and 7B that others searched or set, beside LoRA's."""
        rows = sorted(printed(), key=lambda row: (-row.searched, row.set))
        rows.sort(key=lambda row: row.name != "LoRA")
        given = {"times": times, "power": power}
        return self.page.style() + self.page.draw(
            "printed", rows, file=FILE, kind="ah lab", given=given
        )
