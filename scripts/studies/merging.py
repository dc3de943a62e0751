"""Add what fine-tuning on two tasks has changed in a real English model, in several ways.

docs/data/merging.yml says which merges there are and how they are judged; each has several rows of
docs/data/merging.csv.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any, cast

import jax.numpy as jnp
import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.task_arithmetic import Merge, parts
from demos.reach import elsewhere
from scripts.studies import english as study_of_tasks
from scripts.studies import english_tasks, english_training, rows
from scripts.studies.adapting import FULL, named
from scripts.studies.encoder import KINDS
from scripts.studies.english_tasks import OTHER
from scripts.studies.english_training import Change, End, Head, features, judged
from scripts.studies.rows import Done, Make, Table, Where, short
from scripts.survey.results import english, merging
from scripts.survey.results.merging import plan

PROTOCOL = 1
"""A number that goes up when the same settings would give another result."""

COLUMNS = ("way", "density", "seed", "scale", "part", "task", "of", "loss", "accuracy", "key")
MERGES = ("sum", "ties", "dare", "magnitude")
"""Ways that have a λ of their own."""
FIXED = {"none": 0.0, "negated": -1.0}
"""Ways at one λ; all others have that of the plain sum."""


@dataclass(frozen=True)
class Settings:
    way: str
    density: float
    seed: int
    scales: tuple[float, ...]

    @property
    def key(self) -> str:
        return named("merging", PROTOCOL, asdict(self))

    @property
    def where(self) -> Where:
        return self.way, short(self.density, 6), str(self.seed), self.key


@cache
def tuned(task: str, seed: int) -> End:
    return english_training.end(study_of_tasks.study().counted((FULL, task))[seed])


# Changes ------------------------------------------------------------------------------------------


def each(of: Callable[[Array, np.random.Generator], Array], change: Change, seed: int) -> Change:
    return {
        kind: np.array(
            [of(D, np.random.default_rng([seed, k, i])) for i, D in enumerate(change[kind])]
        )
        for k, kind in enumerate(KINDS)
    }


def shuffled(D: Array, rng: np.random.Generator) -> Array:
    return rng.permutation(D.ravel()).reshape(D.shape)


def added(changes: list[Change], way: Merge, density: float, seed: int) -> Change:
    found = {}
    for k, kind in enumerate(KINDS):
        stacked = np.array([change[kind] for change in changes])
        of = []
        for i in range(stacked.shape[1]):
            rng = np.random.default_rng([seed, k, i])
            drawn = rng.random(stacked[:, i].shape) < density
            of.append(parts(stacked[:, i], way, density, drawn).sum(axis=0))
        found[kind] = np.array(of)
    return found


def plus(one: Change, other: Change) -> Change:
    return {kind: one[kind] + other[kind] for kind in KINDS}


# Judging ------------------------------------------------------------------------------------------


def read_by(change: Change, scale: float) -> Callable[..., Any]:
    model = english_training.model()
    moved = {k: model[k] + jnp.asarray(scale * a, jnp.float32) for k, a in change.items()}
    weights = dict(model) | moved
    return lambda ids, real: english_training.read(weights, ids, real)


def judgement(change: Change, scale: float, part: str, task: str, head: Head) -> dict[str, Any]:
    texts = english_tasks.task(task).parts[part]
    if change:
        seen = features(texts, read_by(change, scale))
    else:
        seen = english_training.base(task).features[part]
    found = judged(seen, head, texts)
    return {"scale": scale, "part": part, "task": task, "of": "", **found}


def improved(rows: list[dict[str, Any]], ends: Mapping[str, float]) -> float:
    """Return the mean share of both tasks' improvement that is kept on validation."""
    shares = []
    for row in rows:
        start = english_training.untrained(row["task"])["validation_loss"]
        shares.append((start - row["loss"]) / (start - ends[row["task"]]))
    return float(np.mean(shares))


def merged(settings: Settings) -> list[dict[str, Any]]:
    seed, tasks = settings.seed, plan().tasks
    ends = {task: tuned(task, seed) for task in tasks}
    best = {task: english.finals(FULL, task)[seed].validation_loss for task in tasks}
    of = [ends[task].change for task in tasks]
    change = added(of, cast(Merge, settings.way), settings.density, seed)

    def at(scale: float, part: str) -> list[dict[str, Any]]:
        return [judgement(change, scale, part, task, ends[task].head) for task in tasks]

    tried: dict[float, list[dict[str, Any]]] = {}
    while missing := wanted(settings.scales, {s: improved(r, best) for s, r in tried.items()}):
        tried |= {scale: at(scale, "validation") for scale in missing}
    scale = max(tried, key=lambda s: improved(tried[s], best))
    return [row for s in sorted(tried) for row in tried[s]] + at(scale, "test")


def wanted(grid: tuple[float, ...], tried: Mapping[float, float]) -> list[float]:
    """Return which scales are still to be tried: the grid, then beyond its end while that is best.

    >>> wanted((0.4, 0.7), {0.4: 0.2, 0.7: 0.3}), wanted((0.4, 0.7), {0.4: 0.2, 0.7: 0.3, 1.0: 0.1})
    ([1.0], [])
    """
    if not tried:
        return list(grid)
    step, best = grid[1] - grid[0], max(tried, key=lambda s: tried[s])
    if best == max(tried):
        return [round(best + step, 9)]
    further = round(best - step, 9)
    return [further] if best == min(tried) and further > 0 else []


def controls(settings: Settings) -> list[dict[str, Any]]:
    seed, (scale,) = settings.seed, settings.scales
    found = []
    for task in plan().tasks:
        own, other = tuned(task, seed), tuned(OTHER[task], seed).change
        if settings.way == "negated":
            rows = [
                judgement(own.change, scale, "test", t, english_training.base(t).head)
                for t in plan().tasks
            ]
            found += [row | {"of": task} for row in rows]
        else:
            change = compared(settings.way, own.change, other, seed)
            found.append(judgement(change, scale, "test", task, own.head))
    return found


def compared(way: str, own: Change, other: Change, seed: int) -> Change:
    """Return what is added for one task in the place of both tasks' changes.

    Raises:
        ValueError: when the way is unknown.
    """
    match way:
        case "none":
            return {}
        case "alone":
            return own
        case "shuffled":
            return plus(own, each(shuffled, other, seed))
        case "turned":
            return plus(own, each(elsewhere, other, seed))
    raise ValueError(f"way={way!r} is not known")


def run(settings: Settings) -> Iterator[dict[str, Any]]:
    for row in (merged if settings.way in MERGES else controls)(settings):
        own = vars(settings) | {"key": settings.key} | row
        yield {name: own[name] for name in COLUMNS}


# The table ----------------------------------------------------------------------------------------


def due(done: Done) -> Iterator[tuple[Where, Make]]:
    """Yield all that can be run, in the order of the plan; what has the sum's λ waits for it."""
    for way in plan().ways:
        for seed in plan().seeds:
            settings = Settings(way.way, way.density, seed, plan().scales)
            if way.way in FIXED:
                settings = replace(settings, scales=(FIXED[way.way],))
            elif way.way not in MERGES:
                summed = done.get(Settings("sum", 1.0, seed, plan().scales).where, ())
                scales = tuple(float(row["scale"]) for row in summed if row["part"] == "test")[:1]
                if not scales:
                    continue
                settings = replace(settings, scales=scales)
            yield settings.where, partial(run, settings)


TABLE = Table(merging.TABLE, ("way", "density", "seed", "key"), due, digits=6)
main = partial(rows.main, __doc__, TABLE)
