"""Methods beyond the survey, trained as the experiment trains the others (docs/data/later.yml)."""

from __future__ import annotations

from functools import cache
from typing import Any

from scripts.studies import experiment, training
from scripts.studies.adapting import Method
from scripts.studies.study import Cell, Run, Study
from scripts.survey.results.later import plan, point


def settings(run: Run, rate: float) -> training.Run:
    entry = plan().entries[run.where[0]]
    method = Method.of(entry.slug, arm=entry.arm, knobs=entry.knobs)
    return training.Run(method, plan().task, rate, run.seed, run.phase)


def train(run: training.Run) -> dict[str, Any]:
    made = training.run(run)
    return made | {
        "improvement": (made["start_test"] - made["test"]) / (100 * point()),
        "forgetting": made["held"] - made["start_held"],
    }


@cache
def study() -> Study:
    own = plan()
    return Study(
        "later",
        ("method",),
        experiment.COLUMNS,
        [Cell((name,), own.seeds, guess=entry.guess) for name, entry in own.entries.items()],
        settings,
        train,
        sweep_seeds=(own.sweep_seed,),
        digits=6,
    )
