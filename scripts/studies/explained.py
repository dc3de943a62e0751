"""Which hypothesis explains which change? Every method that has a ΔW, fitted to every world.

    python3 -m scripts.studies.explained

It writes docs/data/explained.json. It is run by hand, for it takes some twenty minutes on one
core.

Question: what share of ‖ΔW*‖² can a method explain with the numbers of one, two and four LoRA
ranks? Grid: all methods with a ΔW × all worlds × three budgets, on the toy world's 32 × 32 power
law, seed 0, at the setting that `demos.budget.best` finds. A cell ends as `fit` ends; none is run
again. A method without so small a setting has no number there.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait cost more than they bring

import numpy as np

from adapters_np.core import WeightAdapter, load, slugs
from adapters_np.linalg import Array
from demos.budget import best, explained
from demos.world import toy
from demos.worlds import WORLDS, change
from scripts.bootstrap import ROOT

OUT = ROOT / "docs" / "data" / "explained.json"
RANKS = (1, 2, 4)
SLACK = 1.02
"""A method of LoRA's size may have a number for each of its ranks besides."""


def methods() -> list[str]:
    """Return the methods that have a ΔW."""
    return sorted(slug for slug in slugs() if issubclass(load(slug), WeightAdapter))


def weight() -> Array:
    """Return the weight of all cells, (32, 32)."""
    return toy(size="32x32").W


def cell(slug: str, world: str) -> list[float | None]:
    """Return the shares that a method explains of a world, at one, two and four LoRA ranks.

    What a smaller budget explains, a larger one does too.
    """
    W = weight()
    D, shares = change(world, W), list[float | None]()
    for rank in RANKS:
        budget = int(SLACK * rank * sum(W.shape))
        setting, end = best(load(slug), W, D, budget)
        reached = [share for share in shares if share is not None]
        if setting.size <= budget:
            reached.append(round(explained(end.error), 3))
        shares.append(max(reached, default=None))
    return shares


def table(jobs: int = 1) -> dict[str, Any]:
    """Return the whole table, with the shares that chance explains at each budget."""
    started, pairs = time.perf_counter(), list(product(methods(), WORLDS))
    with ProcessPoolExecutor(jobs) as pool:
        cells = list(pool.map(cell, *zip(*pairs, strict=True)))
    rows: dict[str, dict[str, list[float | None]]] = {slug: {} for slug in methods()}
    for (slug, world), shares in zip(pairs, cells, strict=True):
        rows[slug][world] = shares
    W = weight()
    return {
        "size": list(W.shape),
        "ranks": RANKS,
        "chance": [rank * sum(W.shape) / W.size for rank in RANKS],
        "seconds": round(time.perf_counter() - started),
        "numpy": np.__version__,
        "explained": rows,
    }


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    result = table(parser.parse_args().jobs)
    rows = result.pop("explained")
    head = json.dumps(result)[:-1]
    lines = ",\n".join(
        f"{json.dumps(s)}: {json.dumps(r, separators=(',', ':'))}" for s, r in rows.items()
    )
    OUT.write_text(f'{head}, "explained": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
