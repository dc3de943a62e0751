"""Full fine-tuning's changes of a real English model, over its tasks and seeds.

The tables come from scripts/studies/english_changes.py; until they are there nothing is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from statistics import fmean
from typing import NamedTuple

from scripts.survey.changes import CONTROL, Family
from scripts.survey.english import ALIKE, CHANGES, JOINT, plan, table
from scripts.survey.statistics import Interval, over_groups

LOW_RANK = "low_rank"
"""Looks at singular values and nothing else: independent entries are its control."""


def seeds(task: str) -> list[int]:
    """Return after which runs on a task the changes were measured."""
    return sorted({int(row["seed"]) for row in table(CHANGES) if row["task"] == task})


@cache
def names() -> list[str]:
    """Return the families that were measured."""
    end, rows = "_parameters", table(CHANGES)
    return [name.removesuffix(end) for name in rows[0] if name.endswith(end)] if rows else []


def times(name: str, task: str, kind: str, part: str = "") -> Interval | None:
    """Return how many times chance a family explains, over matrices; nothing where none fits.

    The interval is over layers. With a `part` only those matrices count.
    """
    found = defaultdict[str, list[float]](list)
    for row in table(CHANGES):
        asked = (row["task"], row["kind"]) == (task, kind) and part in ("", row["part"])
        if asked and row[name]:
            entries = int(row["d_out"]) * int(row["d_in"])
            parameters = int(row[f"{name}_parameters"])
            noise = kind == CONTROL and name == LOW_RANK
            share = float(row["noise"] if noise else row[name])
            found[row["layer"]].append(share * entries / parameters)
    return over_groups(list(found.values())) if found else None


@cache
def families() -> list[Family]:
    """Return families, those with most structure first; a pair of values for each task.

    One whose best member is further from the changes, or from the control, than none is left out.
    """
    listed = []
    for name in names():
        pairs = [
            (change, control)
            for task in plan().tasks
            if (change := times(name, task, "change")) and (control := times(name, task, CONTROL))
        ]
        if len(pairs) == len(plan().tasks) and min(v.mean for pair in pairs for v in pair) > 0:
            listed.append(Family(name, False, None, pairs))
    return sorted(listed, key=lambda family: -family.structure)


MEASURES = ("relative_norm", "directions_for_half", "directions_for_90", "full_rotation")


def whole(task: str) -> dict[str, float]:
    """Return what is known of the changes as a whole, as means over matrices and seeds."""
    rows = [row for row in table(CHANGES) if row["task"] == task]

    def mean(name: str, kind: str) -> float:
        return fmean(float(row[name]) for row in rows if row["kind"] == kind and row[name])

    found = {name: mean(name, "change") for name in MEASURES}
    shares = {f"{name} share": mean(name, "change") for name in (LOW_RANK, "principal_core")}
    return found | shares | {"full_rotation control": mean("full_rotation", CONTROL)}


class Alike(NamedTuple):
    """The likeness of two runs' changes, as means over matrices and pairs of runs."""

    pairs: int
    cosine: float
    left: float
    left_by_chance: float
    right: float
    right_by_chance: float


def alike(same: bool) -> Alike:
    """Return how alike changes are after other seeds of one task, or after two tasks.

    Raises:
        LookupError: when no two runs were compared.
    """
    rows = [row for row in table(ALIKE) if (row["task"] == row["other_task"]) == same]
    if not rows:
        raise LookupError("no two runs of full fine-tuning have been compared")
    pairs = {(r["task"], r["seed"], r["other_task"], r["other_seed"]) for r in rows}
    means = (fmean(float(row[name]) for row in rows) for name in Alike._fields[1:])
    return Alike(len(pairs), *means)


SHARED = ("apart", "joint", "joint_as_many", "control_joint", "control_joint_as_many")


def shared(task: str, side: str) -> dict[str, float]:
    """Return what one space for all layers holds of their changes, over kinds and seeds."""
    rows = [row for row in table(JOINT) if (row["task"], row["side"]) == (task, side)]
    return {name: fmean(float(row[name]) for row in rows) for name in SHARED}


def by_layer(name: str, task: str) -> Iterator[tuple[int, float]]:
    """Yield the share that a family explains in each layer, as the mean over parts and seeds."""
    found = defaultdict[int, list[float]](list)
    for row in table(CHANGES):
        if (row["task"], row["kind"]) == (task, "change") and row[name]:
            found[int(row["layer"])].append(float(row[name]))
    yield from ((layer, fmean(shares)) for layer, shares in sorted(found.items()))


def compared() -> bool:
    """Say whether there are two runs of one task, and two of both."""
    pairs = {row["task"] == row["other_task"] for row in table(ALIKE)}
    return pairs == {True, False}


def measured(tasks: Iterable[str] = ()) -> bool:
    """Say whether the changes of all tasks have been measured."""
    return all(seeds(task) for task in tasks or plan().tasks)
