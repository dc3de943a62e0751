"""Fits of every method that has a ΔW to every target: which hypothesis explains which change?

    python3 -m scripts.studies.explained

It writes docs/data/explained.jsonl: what it ran with, then a line per cell. It is run by hand, for
it takes some forty minutes on one core; what a broken run has written is kept.

Question: what share of ‖ΔW*‖² can a method explain with the parameters of one, two and four LoRA
ranks? And what with those of two, where the change is another method's? Grid: all methods with a ΔW
× all worlds × three budgets, and the methods that worlds are drawn from × each other as teachers ×
one, on the toy world's 32 × 32 power law, real changes on their own weight, seed 0, at the setting
that `adapters_np.budget.best` finds. A teacher takes a random step at its defaults or, where these
have too many parameters, at a setting with as few other values as possible. A cell ends as `fit`
ends; none is run again. A method without so small a setting has no number there.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapters_np.budget import Setting, best, choose, explained
from adapters_np.core import WeightAdapter, knobs, load, parameters, slugs
from adapters_np.linalg import Array
from demos.lab import TARGETS, budget, goal, weight
from demos.worlds import WORLDS
from scripts.bootstrap import ROOT
from scripts.studies.rows import append, logged

OUT = ROOT / "docs" / "data" / "explained.jsonl"
RANKS = (1, 2, 4)
TEACHER = 2
"""The rank whose parameters teachers and their students have."""


class Found(NamedTuple):
    """A method's best within a budget: the share, the number of parameters, and the knobs."""

    share: float
    size: int
    knobs: dict[str, Any]


def methods() -> list[str]:
    return sorted(slug for slug in slugs() if issubclass(load(slug), WeightAdapter))


def teachers() -> list[str]:
    """Return the methods that worlds are drawn from, once each: they teach one another."""
    return list(dict.fromkeys(w.family for w in WORLDS.values() if w.family))


def teacher(slug: str) -> Setting:
    cls, defaults = load(slug), {knob.name: knob.default for knob in knobs(load(slug)).values()}
    size = parameters(cls, *weight().shape, **defaults)
    if size <= budget(TEACHER):
        return Setting(size, defaults)

    def order(setting: Setting) -> tuple[int, int]:
        moved = sum(value != defaults[name] for name, value in setting.knobs.items())
        return moved, -setting.size

    return min(choose(cls, weight(), budget(TEACHER)), key=order)


def shares(
    slug: str, W: Array, target: Array, ranks: tuple[int, ...] = RANKS
) -> list[Found | None]:
    """Return what a method reaches of a target within the parameters of each rank.

    What a smaller budget explains, a larger one does too.
    """
    reached = list[Found | None]()
    for rank in ranks:
        setting, end = best(load(slug), W, target, budget(rank))
        best_so_far = reached[-1] if reached else None
        if setting.size <= budget(rank):
            new = Found(round(explained(end.error), 4), *setting)
            if best_so_far is None or new.share > best_so_far.share:
                best_so_far = new
        reached.append(best_so_far)
    return reached


def cell(slug: str, world: str) -> list[float | None]:
    return [f.share if f else None for f in shares(slug, weight(world), goal(world))]


def line(slug: str, target: str, taught: bool) -> dict[str, Any]:
    clock = time.perf_counter()
    if taught:
        ends = shares(slug, weight(), goal(target, teacher(target).knobs), (TEACHER,))
    else:
        ends = shares(slug, weight(target), goal(target))
    row = {"method": slug, "teacher" if taught else "world": target, "found": ends}
    return row | {"seconds": round(time.perf_counter() - clock, 1)}


def head() -> dict[str, Any]:
    about = {
        "size": weight().shape, "ranks": RANKS, "budgets": [budget(rank) for rank in RANKS],
        "teachers": {slug: teacher(slug) for slug in teachers()}, "numpy": np.__version__,
    }  # fmt: skip
    return dict(json.loads(json.dumps(about)))


def run(out: Path = OUT, jobs: int = 1, cells: list[tuple[str, str, bool]] | None = None) -> None:
    """Write the cells that a file does not have yet, each when it is known.

    Raises:
        ValueError: when the file was begun with other versions or budgets.
    """
    if cells is None:
        cells = [(slug, world, False) for slug in methods() for world in TARGETS]
        cells += [(slug, other, True) for slug in teachers() for other in teachers()]
    lines = logged(out) or [head()]
    if lines[0] != head():
        raise ValueError(f"{out} was begun with {lines[0]}, this is {head()}: remove it to begin")
    known = {(r["method"], r.get("world", r.get("teacher")), "teacher" in r) for r in lines[1:]}
    missing = [cell for cell in cells if cell not in known]
    out.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with ProcessPoolExecutor(jobs) as pool:
        for row in pool.map(line, *zip(*missing, strict=True)) if missing else ():
            append(row, out)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    run(jobs=parser.parse_args().jobs)


if __name__ == "__main__":
    main()
