"""Ask a real English model what the small decoder was asked (docs/data/english.yml).

The model is all-MiniLM-L6-v2, the tasks are labelled English, both out of pinned packages.
docs/how-it-was-done.md says what is asked and how it is judged. `--also tasks` writes the table of
the tasks. Changes of full fine-tuning stay in .study/english.
"""

from __future__ import annotations

from functools import cache

from scripts.studies import english_tasks, english_training, rows
from scripts.studies.adapting import Method
from scripts.studies.english_training import base, untrained
from scripts.studies.rows import short
from scripts.studies.study import Cell, Run, Study
from scripts.survey.results.english import TASKS, plan

START = tuple(f"{part}_{name}" for part in ("validation", "test") for name in ("loss", "accuracy"))
COLUMNS = (
    *("entry", "slug", "knobs", "arm", "parameters", "task", "steps", "batch", "rate", "seed"),
    *("phase", *START, "forgetting", *(f"start_{name}" for name in START), "status", "seconds"),
    "key",
)


def settings(run: Run, rate: float) -> english_training.Run:
    name, task = run.where
    entry = plan().entries[name]
    method = Method.of(entry.slug, arm=entry.arm, knobs=entry.knobs)
    return english_training.Run(method, task, rate, run.seed, run.phase)


def tasks() -> None:
    found = []
    for task in plan().tasks:
        about, labels = english_tasks.task(task), english_tasks.LABELS[task]
        test = about.parts["test"]
        most = max(int((test.labels == c).sum()) for c in range(about.classes))
        found.append(
            {
                "task": task, "found": about.found, "fitting": about.fitting,
                "classes": about.classes,
                **{part: len(own.texts) for part, own in about.parts.items()},
                "majority": most / len(test.texts), "penalty": base(task).penalty,
                **{f"probe_{key}": short(value, 6) for key, value in untrained(task).items()},
                **{
                    name: f"{test.texts[i]} ({labels[test.labels[i]]})"
                    for i, name in enumerate(("first", "second"))
                },
            }
        )  # fmt: skip
    rows.write(TASKS, found)


@cache
def study() -> Study:
    """Return the study; where nothing has a rate, any one will do."""
    own = plan()
    return Study(
        "english",
        ("entry", "task"),
        COLUMNS,
        [
            Cell(
                (name, task),
                own.seeds,
                guess=entry.guess,
                settled=0 if entry.guess is None else None,
            )
            for name, entry in own.entries.items()
            for task in own.tasks
        ],
        settings,
        english_training.run,
        sweep_seeds=(own.sweep_seed,),
        loss="validation_loss",
        measured=(*START, "forgetting"),
        digits=6,
        further={"tasks": tasks},
    )
