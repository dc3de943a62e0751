"""The controls again, in base models that no run had used (docs/data/replication.yml).

Each entry has one rate a task for all base models, pooled over the sweeps of the study of controls.
docs/how-it-was-done.md says what is asked and how it is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import inf, isfinite
from statistics import fmean

from scripts.studies import controls
from scripts.studies.entries import Entry, entries
from scripts.studies.study import Beyond, Cell, Done, Study, best
from scripts.survey.results import together
from scripts.survey.results.replication import plan

PER_DECADE = 8


@cache
def before() -> Done:
    return controls.study().done()


def pooled(entry: Entry, task: str) -> int:
    """Return an entry's rate, in eighths of a decade: the mean of the best ones of three bases.

    The best of a base is the vertex of the parabola through the least loss of its sweep and its two
    neighbours, or the least itself where a neighbour diverged.
    """
    study, tops = controls.study(), []
    for where, cell in study.at.items():
        if where[:3] == (entry.method, entry.control, task) and where[4] == "400":
            tried = study.swept(cell, before())
            tops.append(vertex(best(tried), *(tried.get(best(tried) + k, inf) for k in (-1, 0, 1))))
    return round(fmean(tops) * PER_DECADE / study.per_decade)


def vertex(at: int, left: float, least: float, right: float) -> float:
    """Return where a parabola through three losses, a step apart around `at`, is least.

    >>> vertex(3, 2.0, 1.0, 2.0), vertex(3, 1.0, 1.0, 3.0), vertex(3, 2.0, 1.0, inf)
    (3.0, 2.5, 3.0)
    """
    bend = left - 2 * least + right
    return at + (left - right) / (2 * bend) if isfinite(bend) and bend > 0 else float(at)


def cells() -> Iterator[Cell]:
    """Yield the cells, base by base, so that what is made of one is whole first."""
    own = plan()
    for base in own.bases:
        for entry in (entries()[name] for name in own.entries()):
            for task in together.plan().tasks:
                rate = pooled(entry, task)
                off = own.check_steps if entry.name in own.check and task == "code" else ()
                yield Cell(
                    (entry.method, entry.control, task, str(base), "400"),
                    own.seeds,
                    settled=rate,
                    beyond=tuple(
                        Beyond("rate", seed, rate + k) for k in off for seed in own.check_seeds
                    ),
                )


@cache
def study() -> Study:
    return Study(
        "replication",
        ("method", "control", "task", "base", "steps"),
        controls.COLUMNS,
        list(cells()),
        controls.settings,
        controls.train,
        per_decade=PER_DECADE,
        shared=2,
    )
