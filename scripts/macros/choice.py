"""The page Choose: a list for a model, a GPU and a task, and how good its estimates are."""

from __future__ import annotations

from collections import Counter
from typing import Any

from scripts.bootstrap import ROOT
from scripts.catalog.counts import MODELS, START, TARGETS
from scripts.catalog.memory import STATES
from scripts.macros.lists import NEEDS, active, offers
from scripts.macros.page import Part, catalog, macro
from scripts.survey.facts import peft
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import read_tables
from scripts.survey.sources.head_to_head import outcomes

TASKS = {
    "mathematics": ("mathematics", "arithmetic", "GSM8K"),
    "code": ("code",),
    "chat": ("MT-Bench", "Vicuna-Eval", "AlpacaEval", "instruction tuning"),
    "images": (
        *("subject-driven images", "segmentation to image", "landmarks to faces"),
        *("canny to image", "text-to-image", "style images"),
    ),
}
"""Beginnings of the names of a task's suites in sources' tables."""

TIE = 4
"""Points: two standard errors of a difference between two scores of the benchmark."""

BESIDE = "lora--llama-3.2-3B-rank32"
"""The baseline run of the benchmark, in whose terms others' times are given."""


def ahead() -> dict[str, dict[str, tuple[int, int]]]:
    """Return of each task and method in how many units it is ahead of LoRA, and of how many."""
    every_unit = list(outcomes(read_tables(), [*catalog().names()], read_models(ROOT)))
    found = {}
    for task, starts in TASKS.items():
        units = [u for u in every_unit if u.baseline == "lora" and u.suite.startswith(starts)]
        every = Counter(u.method for u in units)
        won = Counter(u.method for u in units if u.side == "for")
        found[task] = {method: (won[method], n) for method, n in every.items()}
    return found


def slowdowns() -> dict[str, float]:
    """Return how many times as long as LoRA's each run of the benchmark took, by its name."""
    timed = {run.experiment: run.seconds for run in peft.runs("metamathqa")}
    return {name: seconds / timed[BESIDE] for name, seconds in timed.items()}


class Choice(Part):
    """The macros of the page."""

    @macro("widget")
    def chooser(self) -> str:
        best, tasks, times = peft.best("metamathqa"), ahead(), slowdowns()
        recipes = catalog().recipes()

        rows: list[dict[str, Any]] = [
            {
                "method": m,
                "offers": offers(m),
                "run": (found := None if m.untested else best.get(m.runs)),
                "times": times[found.experiment] if found else None,
                "ahead": {task: units[m.slug] for task, units in tasks.items() if m.slug in units},
                "word": m.verdicts["BL"].word if "BL" in m.verdicts and m.slug != "lora" else "–",
                "recipe": m.slug in recipes,
            }
            for m in active()
        ]
        rows.sort(key=lambda row: -row["run"].score if row["run"] else 1)
        [lora] = (row for row in rows if row["method"].slug == "lora")
        rows = [lora, *(row for row in rows if row is not lora)]
        for row in rows:
            ahead_by = row["run"].score - lora["run"].score if row["run"] else -100
            if ahead_by >= TIE:
                raise ValueError(f"{row['method'].slug} is no tie: the caption says that none is")
            row["tied"] = ahead_by > -TIE
        given = (rows, NEEDS, MODELS, START, TARGETS, STATES, [*TASKS], TIE)
        html = self.page.draw("chooser", *given, file="choice.html", found=False)
        address = f"{self.page.root}assets/demo/choose.js"
        return f'{html}<script type="module" src="{address}"></script>\n'
