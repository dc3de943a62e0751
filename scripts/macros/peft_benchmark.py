"""PEFT's own benchmark: its rows, its agreement with the grades, and its plots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from scripts.macros.figures import Axis, Chart, Line, Point, frontier
from scripts.survey.facts.peft import Key, Suite, best, runs
from scripts.survey.facts.say import number, short
from scripts.survey.statistics.intervals import Agreement, spearman

NAMES = {"FULL_FT": "Full fine-tuning", "LORA": "A variant of LoRA", "PVERA": "PVeRA"}
"""Names of those whose runs are no page's own, by what PEFT calls them."""


class Link(NamedTuple):
    """The address of a method's page, and its name."""

    address: str
    name: str


OFT, OFTV2 = 2, 28  # PEFT's OFT tuner implements entry 28; the survey grades entry 2 apart from it


def agreement(
    suite: Suite, values: Mapping[Key, float], without: Collection[Key] = ()
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


# The plots ----------------------------------------------------------------------------------------

COST = Axis("trained parameters", 40, 4e9, log=True)
ERRORS = 2  # standard errors that a whisker reaches up and down


def plot(links: Mapping[Key, Link]) -> Chart:
    """Return the plot of the mathematics: score against size.

    Args:
        links: The pages, by whose runs they are.

    Raises:
        LookupError: when a run's method has neither a page nor a name.
    """
    dots = defaultdict[tuple[str, str, str], list[Point]](list)
    for run in runs("metamathqa"):
        link = links.get(run.key) or _unlinked(run.tuner)
        kind = "" if link.address else "full" if run.tuner == "FULL_FT" else "other"
        x, y, error = float(run.parameters), run.score, run.standard_error or 0
        about = f"{number(y, 1)} ± {number(error, 1)} % of GSM8K, {short(x)} {COST.name}"
        says = f"{link.name}: {about} ({run.label})"
        low, high = max(y - ERRORS * error, 0), y + ERRORS * error
        dots[link.name, link.address, kind].append(Point(x, y, low, high, says, run.label))
    lines = [
        Line(name, tuple(points), "dots", address, kind)
        for (name, address, kind), points in dots.items()
    ]
    front = list(frontier(lines))
    names = ", ".join(dict.fromkeys(line.name for line, _ in front))
    end = front[-1][1]._replace(x=COST.high)
    steps = Line("best score for the cost", (*(p for _, p in front), end), "steps", kind="best")
    return Chart(
        f"Score against {COST.name}, a dot for each run, with ± {ERRORS} standard errors. Best for"
        f" their cost, from cheap to dear: {names}",
        COST, Axis("GSM8K, %", 0, 60), [steps, *lines],
        f"The best score took {short(front[-1][1].x)} {COST.name}", linked=True,
    )  # fmt: skip


def _unlinked(tuner: str) -> Link:
    if tuner not in NAMES:
        file = "scripts/macros/peft_benchmark.py"
        raise LookupError(f"{file}: {tuner} has neither a page nor a name in NAMES")
    return Link("", NAMES[tuner])
