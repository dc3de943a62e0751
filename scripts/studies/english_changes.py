"""Full fine-tuning's changes of a real English model: described, and compared over seeds.

It takes the runs of full fine-tuning that count from docs/data/english.csv and their changes from
.study/english, where the study left them; a run whose changes are not there is made again, to the
last bit. It writes

- docs/data/english_changes.csv: the same as docs/data/real_changes.csv, at one budget, of the 36
  matrices after each run;
- docs/data/english_alike.csv: of each pair of runs and each matrix, the cosine of the two changes
  and how far their leading directions span the same space;
- docs/data/english_joint.csv: how much of the changes of all layers one space holds, beside a space
  for each layer, and both for changes with the same singular values in random directions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from adapters_np.linalg import Array
from demos.reach import FAMILIES, Change, elsewhere
from scripts.studies import english
from scripts.studies.adapting import FULL
from scripts.studies.encoder import KINDS, LAYERS, published
from scripts.studies.english_training import Run, end
from scripts.studies.real_changes import Case, measure
from scripts.studies.rows import Done, Make, Table, Where, short, write
from scripts.studies.rows import main as fill
from scripts.survey.results.changes import CONTROL, SAMPLED_RANK
from scripts.survey.results.english import ALIKE, CHANGES, JOINT, plan

MEASURED = (1, 2, 3)
"""Seeds, of the five that count."""

TOP = 4
"""Leading directions of a change that are compared."""

Changes = Mapping[str, Array]
Row = dict[str, Any]


def counted() -> list[Run]:
    own = english.study()
    runs = [run for task in plan().tasks for run in own.counted((FULL, task)).values()]
    return [run for run in runs if run.seed in MEASURED]


def cases(run: Run, changes: Changes) -> Iterator[Case]:
    for layer in range(LAYERS):
        for i, part in enumerate(KINDS):
            where = {"task": run.task, "seed": run.seed, "layer": layer, "part": part}
            W = published()[part][layer].astype(float)
            yield Case(where, W, changes[part][layer], [layer, i])


@cache
def noise(shape: tuple[int, int], draws: int = 3) -> float:
    """Return what share the best directions explain of independent entries, at the budget."""
    rng, form = np.random.default_rng(0), FAMILIES["low_rank"].form
    shares = []
    for _ in range(draws):
        found = form(Change(np.zeros(shape), rng.normal(size=shape)), SAMPLED_RANK * sum(shape))
        assert found is not None
        shares.append(found.share)
    return float(np.mean(shares))


# Over seeds and layers ----------------------------------------------------------------------------


def spaces(D: Array, top: int = TOP) -> tuple[Array, Array]:
    """Return orthonormal leading directions of a change on both sides, (d_out, top), (d_in, top).

    >>> left, right = spaces(np.diag([3.0, 1.0, 2.0]), 2)
    >>> np.abs(right).round(9).tolist()
    [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    """
    U, _, Vt = np.linalg.svd(D, full_matrices=False)
    return U[:, :top], Vt[:top].T


def overlap(one: Array, other: Array) -> float:
    """Return how far two spaces are the same: 1 if they are, the share of dimensions by chance."""
    return float(((one.T @ other) ** 2).sum() / one.shape[1])


def alike(runs: Sequence[tuple[Run, Changes]]) -> Iterator[Row]:
    sides = [
        {(kind, i): spaces(D[kind][i]) for kind in KINDS for i in range(LAYERS)} for _, D in runs
    ]
    for (a, (one, D)), (b, (other, E)) in combinations(enumerate(runs), 2):
        for (kind, i), (left, right) in sides[a].items():
            d_out, d_in = D[kind][i].shape
            norms = np.linalg.norm(D[kind][i]) * np.linalg.norm(E[kind][i])
            yield {
                "task": one.task, "seed": one.seed, "other_task": other.task,
                "other_seed": other.seed, "layer": i, "part": kind,
                "cosine": float((D[kind][i] * E[kind][i]).sum() / norms),
                "left": overlap(left, sides[b][kind, i][0]), "left_by_chance": TOP / d_out,
                "right": overlap(right, sides[b][kind, i][1]), "right_by_chance": TOP / d_in,
            }  # fmt: skip


def in_one_space(changes: Array) -> Array:
    """Return the shares of all layers' energy in spaces of 1, 2, … inputs, the best for all.

    The changes are (layers, d_out, d_in).

    >>> in_one_space(np.array([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])])).tolist()
    [0.5, 1.0]
    """
    rows = changes.reshape(-1, changes.shape[2])
    squares = np.cumsum(np.linalg.eigvalsh(rows.T @ rows)[::-1])
    return squares / squares[-1]


def apart(changes: Array, directions: int) -> float:
    squares = np.linalg.svd(changes, compute_uv=False) ** 2
    return float(squares[:, :directions].sum() / squares.sum())


def joint(run: Run, changes: Changes) -> Iterator[Row]:
    """Yield for each kind of matrix, on both sides, what one space for all layers holds."""
    for k, kind in enumerate(KINDS):
        D = changes[kind]
        random = np.array([elsewhere(D[i], np.random.default_rng([i, k])) for i in range(LAYERS)])
        for side, own, moved in (
            ("inputs", D, random),
            ("outputs", D.swapaxes(1, 2), random.swapaxes(1, 2)),
        ):
            best, by_chance = in_one_space(own), in_one_space(moved)
            yield {
                "task": run.task, "seed": run.seed, "part": kind, "side": side, "directions": TOP,
                "apart": apart(own, TOP), "joint": float(best[TOP - 1]),
                "joint_as_many": float(best[: LAYERS * TOP][-1]),
                "control_joint": float(by_chance[TOP - 1]),
                "control_joint_as_many": float(by_chance[: LAYERS * TOP][-1]),
            }  # fmt: skip


# The tables ---------------------------------------------------------------------------------------


def save(path: Path, found: Iterable[Mapping[str, Any]]) -> None:
    write(path, [{name: short(value, 5) for name, value in row.items()} for row in found])


def described(run: Run) -> Iterator[Row]:
    for case in cases(run, end(run).change):
        for row in measure(case, (SAMPLED_RANK,)):
            of_noise = row["kind"] == CONTROL
            yield row | {"noise": noise((row["d_out"], row["d_in"])) if of_noise else None}


def due(_: Done) -> Iterator[tuple[Where, Make]]:
    for run in counted():
        yield (run.task, str(run.seed)), partial(described, run)


TABLE = Table(CHANGES, ("task", "seed"), due, digits=5)


def main() -> None:
    fill(__doc__, TABLE)
    runs = [(run, end(run).change) for run in counted()]
    save(JOINT, [row for run, changes in runs for row in joint(run, changes)])
    save(ALIKE, alike(runs))
