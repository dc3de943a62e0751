"""Predictions that others made of adapters, where a toy layer can decide: theorems and their edges.

`dev.py study atlas` writes docs/data/atlas.csv in minutes. They are numbered as in the source,
*A Categorical Atlas of PEFT*. Each is asked of the adapters of this site, on a weight of 32 × 24
in double precision, over five seeds; a row has the median and the extremes. A method whose module
has changed is counted anew when its rows are taken out first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from adapters_np.core import WeightAdapter, flatten, load, perturbed, restore, slugs
from adapters_np.linalg import Array
from adapters_np.methods.lora import LoRA
from adapters_np.methods.oft import OFT
from adapters_np.slopes import STEP
from scripts.studies.rows import Done, Make, Table, Where
from scripts.studies.rows import main as fill
from scripts.survey.results import atlas

SEEDS = range(5)
SHAPE, SQUARE = (32, 24), (32, 32)
"""Of the weight, and of that of methods whose defaults do not fit it."""
RANK = 4
WITHIN = 1e-5
"""A singular value of a Jacobian that is less than this share of the largest is round-off."""

Values = Mapping[str, Sequence[float]]


def over_seeds(of: Callable[[int], dict[str, float]]) -> Values:
    each = [of(seed) for seed in SEEDS]
    return {measure: [one[measure] for one in each] for measure in each[0]}


class Layer(NamedTuple):
    W: Array
    goal: Array
    C: Array

    def slope(self, now: Array) -> Array:
        """Return the gradient of the mean squared error at a weight, (d_out, d_in)."""
        return (now - self.goal) @ self.C


def layer(seed: int, white: bool = False) -> tuple[Layer, np.random.Generator]:
    """Return a task: a change of rank 8 with a power law, on inputs of uneven strength."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal(SHAPE) / np.sqrt(SHAPE[1])
    U, V = (np.linalg.qr(rng.standard_normal((d, 8)))[0] for d in SHAPE)
    X = rng.standard_normal((SHAPE[1], 256))
    C = np.eye(SHAPE[1]) if white else X @ X.T / 256
    return Layer(W, W + U / np.arange(1, 9) @ V.T, C), rng


def slopes(task: Layer, now: LoRA) -> tuple[Array, Array]:
    G = task.slope(task.W + now.delta(task.W))
    return now.s * now.B.T @ G, now.s * G @ now.A.T


@dataclass
class Adam:
    """Adam on A and B, each with its own rate, ε and decoupled decay."""

    rates: tuple[float, float]
    eps: tuple[float, float] = (1e-8, 1e-8)
    decay: tuple[float, float] = (0.0, 0.0)
    steps: int = 0
    mean: list[Any] = field(default_factory=lambda: [0.0, 0.0])
    square: list[Any] = field(default_factory=lambda: [0.0, 0.0])

    def __call__(self, now: LoRA, gradients: tuple[Array, Array]) -> LoRA:
        self.steps += 1
        moved = []
        for i, (x, g) in enumerate(zip((now.A, now.B), gradients, strict=True)):
            self.mean[i] = 0.9 * self.mean[i] + 0.1 * g
            self.square[i] = 0.99 * self.square[i] + 0.01 * g * g
            m, v = self.mean[i] / (1 - 0.9**self.steps), self.square[i] / (1 - 0.99**self.steps)
            moved.append(x - self.rates[i] * (m / (np.sqrt(v) + self.eps[i]) + self.decay[i] * x))
        return replace(now, A=moved[0], B=moved[1])


# X.1: LoRA+ is LoRA with a larger α ---------------------------------------------------------------


def clipped(gradients: tuple[Array, Array], most: float) -> tuple[Array, Array]:
    """Return gradients, shortened together where their common norm is more than `most`."""
    norm = np.sqrt(sum(float((g * g).sum()) for g in gradients))
    A, B = (g * min(1.0, most / norm) for g in gradients)
    return A, B


def plus(seed: int, ratio: float, broken: str = "", decay: float = 0.0) -> dict[str, float]:
    """Return how far LoRA+ and LoRA with α·λ come apart in 200 steps, as a share of the change.

    What λ multiplies is the same in both but for B, which is λ times smaller in LoRA: so its ε and
    its decay have to be λ times larger. `broken` names what is not: "one ε", "one decay" or, since
    a common norm is another one, "clipped".
    """
    task, rng = layer(seed)
    one = LoRA.init(task.W, rng, rank=RANK, alpha=RANK)
    other = replace(one, s=one.s * ratio)
    rate, eps = 3e-3, (1e-3 if broken == "one ε" else 1e-12)
    for_eps = 1 if broken == "one ε" else ratio
    for_decay = 1 if broken == "one decay" else ratio
    steps = (
        Adam((rate, rate * ratio), (eps, eps), (decay, decay)),
        Adam((rate, rate), (eps, eps * for_eps), (decay, decay * for_decay)),
    )
    apart = 0.0
    for _ in range(200):
        found = [slopes(task, now) for now in (one, other)]
        if broken == "clipped":
            found = [clipped(gradients, 0.5) for gradients in found]
        one, other = (step(now, g) for step, now, g in zip(steps, (one, other), found, strict=True))
        apart = max(apart, float(np.linalg.norm(one.delta(task.W) - other.delta(task.W))))
    return {"apart": apart / float(np.linalg.norm(one.delta(task.W)))}


ARMS: dict[str, dict[str, Any]] = {
    "as predicted": {"ratio": 16},
    "λ = 10": {"ratio": 10},
    "decay": {"ratio": 16, "decay": 0.1},
    "one ε": {"ratio": 16, "broken": "one ε"},
    "one decay": {"ratio": 16, "broken": "one decay", "decay": 0.1},
    "clipped": {"ratio": 16, "broken": "clipped"},
}


# X.5: Kronecker terms of a change of rank one -----------------------------------------------------


def kronecker() -> Values:
    """Return how many terms a change of rank one takes, and what fewer leave."""
    (m, n), splits = SHAPE, ((4, 4), (8, 6), (2, 12))
    terms, gaps = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        u, v = rng.standard_normal(m), rng.standard_normal(n)
        for a, b in splits:
            parts = np.outer(u, v).reshape(a, m // a, b, n // b)
            s = np.linalg.svd(parts.swapaxes(1, 2).reshape(a * b, -1), compute_uv=False)
            products = np.outer(
                *(np.linalg.svd(x.reshape(k, -1), compute_uv=False) for x, k in ((u, a), (v, b)))
            )
            floor = np.sort(products.ravel())[::-1]
            terms.append(float(np.sum(s > 1e-10 * s[0])) - len(floor))
            gaps.append(float(np.abs(s[: len(floor)] - floor).max() / floor[0]))
    return {"more than predicted": terms, "apart": gaps}


# X.6: merged and started again --------------------------------------------------------------------


def grams(W: Array) -> Array:
    """Return the Gram matrix of each block of four inputs, (n_blocks, d_out, d_out)."""
    blocks = W.reshape(len(W), -1, 4).swapaxes(0, 1)
    return blocks @ blocks.swapaxes(1, 2)


def restarted(seed: int, moved: bool) -> dict[str, float]:
    """Return what block OFT explains after merges, and how far its Grams move."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal(SHAPE) / np.sqrt(SHAPE[1])
    turn = 0.15 * rng.standard_normal((SHAPE[1], SHAPE[1]))
    goal = W @ np.linalg.qr(np.eye(SHAPE[1]) + turn - turn.T)[0]
    now, explained = W, []
    for _ in range(6):
        order = rng.permutation(SHAPE[1]) if moved else np.arange(SHAPE[1])
        before = now[:, order]
        oft = OFT.init(before, rng, block_size=4).nearest(before, (goal - now)[:, order])
        if oft is None:
            raise ValueError(f"seed {seed}: the best rotation of a block is half a turn")
        now = now.copy()
        now[:, order] = before + oft.delta(before)
        explained.append(1 - float(np.sum((goal - now) ** 2) / np.sum((goal - W) ** 2)))
    return {
        "after one merge": explained[0],
        "after six merges": explained[-1],
        "drift": float(np.abs(grams(now) - grams(W)).max() / np.abs(grams(W)).max()),
    }


def lora_restarted(seed: int) -> dict[str, float]:
    task, rng = layer(seed)
    now, ranks = task.W, []
    for _ in range(6):
        now = now + LoRA.init(now, rng, rank=1, alpha=1).nearest(now, task.goal - now).delta(now)
        ranks.append(float(np.linalg.matrix_rank(now - task.W, tol=1e-9)))
    return {"rank after one merge": ranks[0], "rank after six merges": ranks[-1]}


# X.7 and X.8: how LoRA's singular values grow, and what stays -------------------------------------


def even(task: Layer, rng: np.random.Generator, c: float) -> LoRA:
    """Return LoRA at its start, with rows of A that are orthogonal and √c long."""
    Q = np.linalg.qr(rng.standard_normal((SHAPE[1], RANK)))[0]
    return replace(LoRA.init(task.W, rng, rank=RANK, alpha=2 * RANK), A=np.sqrt(c) * Q.T)


FLOWS: dict[str, dict[str, Any]] = {
    **{f"SGD {step}": {"step": step} for step in (0.001, 0.01, 0.1)},
    "uneven rows": {"step": 0.001, "lean": 2},
    "Adam": {"step": 0.01, "adam": True},
}
RATES, C = (1.0, 2.0), 0.05
"""η_A and η_B, in units of the step, and the squared length of A's rows."""
TIME = 3.0


def balance(now: LoRA) -> Array:
    """Return Φ = BᵀB / η_B − AAᵀ / η_A, (r, r)."""
    return now.B.T @ now.B / RATES[1] - now.A @ now.A.T / RATES[0]


def gains(now: LoRA, task: Layer) -> tuple[Array, Array]:
    """Return ΔW's r singular values, and how fast each grows for a slope of one."""
    U, s, V = np.linalg.svd(now.delta(task.W), full_matrices=False)
    a = np.linalg.norm(now.A @ V[:RANK].T, axis=0)
    b = np.linalg.norm(U[:, :RANK].T @ now.B, axis=1)
    return s[:RANK], RATES[1] * a**2 + RATES[0] * b**2


def predicted(s: Array, scale: float) -> Array:
    """Return the gains that X.7 gives singular values: constant at first, linear later."""
    return np.sqrt((RATES[1] * C) ** 2 + 4 * RATES[0] * RATES[1] * (s / scale) ** 2)


def run(seed: int, step: float, adam: bool = False, lean: float = 0.0) -> dict[str, float]:
    """Return what SGD (or Adam) does on white inputs: gains, their crossing, and Φ.

    Args:
        seed: Of the task and of A.
        step: What the two rates are multiplied by.
        adam: Step by Adam in the place of SGD.
        lean: How much longer A's first row is, so that Φ is not isotropic.
    """
    task, rng = layer(seed, white=True)
    now = even(task, rng, C)
    now = replace(now, A=now.A * (1 + lean * (np.arange(RANK) == 0))[:, None])
    optimiser = Adam((step * RATES[0], step * RATES[1])) if adam else None
    start, of_gain, of_identity = balance(now), 0.0, 0.0
    first: list[tuple[float, float]] = []  # the first singular value, and its gain
    for _ in range(round(TIME / step)):
        gA, gB = slopes(task, now)
        before = balance(now)
        if optimiser:
            now = optimiser(now, (gA, gB))
        else:
            now = replace(now, A=now.A - step * RATES[0] * gA, B=now.B - step * RATES[1] * gB)
        told = step**2 * (RATES[1] * gB.T @ gB - RATES[0] * gA @ gA.T)
        of_identity = max(of_identity, float(np.abs(balance(now) - before - told).max()))
        s, gain = gains(now, task)
        of_gain = max(of_gain, float(np.abs(gain / predicted(s, now.s) - 1).max()))
        first.append((float(gain[0]), float(s[0])))
    crossing = np.interp(np.sqrt(2) * RATES[1] * C, *np.transpose(first))
    return {
        "gain": of_gain,
        "crossing": float(crossing / (now.s * C / 2 * np.sqrt(RATES[1] / RATES[0]))),
        "identity": of_identity / float(np.abs(start).max()),
        "drift": float(np.linalg.norm(balance(now) - start) / np.linalg.norm(start)),
    }


# X.9: merging factor by factor --------------------------------------------------------------------


def trained(task: Layer, start: LoRA, steps: int) -> LoRA:
    now = start
    for _ in range(steps):
        gA, gB = slopes(task, now)
        now = replace(now, A=now.A - 0.05 * gA, B=now.B - 0.05 * gB)
    return now


def merging(seed: int, shared: bool, steps: int) -> dict[str, float]:
    """Return what a merge keeps of two adapters' mean improvement: of changes, and of factors."""
    first, rng = layer(seed)
    other, _ = layer(seed + 100)
    second = Layer(first.W, first.W + other.goal - other.W, first.C)
    starts = [LoRA.init(first.W, rng, rank=RANK, alpha=RANK) for _ in range(2)]
    tasks = (first, second)
    one, two = (trained(task, starts[0 if shared else i], steps) for i, task in enumerate(tasks))
    by_change = (one.delta(first.W) + two.delta(first.W)) / 2
    by_factor = replace(one, A=(one.A + two.A) / 2, B=(one.B + two.B) / 2).delta(first.W)

    def improved(delta: Array, task: Layer) -> float:
        def loss(now: Array) -> float:
            return float(np.sum((now - task.goal) @ task.C * (now - task.goal)))

        return 1 - loss(task.W + delta) / loss(task.W)

    alone = np.mean(
        [improved(now.delta(first.W), t) for now, t in zip((one, two), tasks, strict=True)]
    )
    return {
        name: float(np.mean([improved(delta, task) for task in tasks]) / alone)
        for name, delta in (("of changes", by_change), ("of factors", by_factor))
    }


# X.10: dimension reached -------------------------------------------------------------------------


def fresh(slug: str, shape: tuple[int, int]) -> tuple[Any, Array, np.random.Generator]:
    rng = np.random.default_rng(0)
    W = rng.standard_normal(shape) / np.sqrt(shape[1])
    return load(slug).init(W, rng), W, rng


def dimensions(start: Any, W: Array, rng: np.random.Generator) -> Values:
    """Return how many parameters there are, and in how many dimensions they move the weight."""
    theta = flatten(perturbed(start, rng, 1.0))
    ends = [
        [restore(start, theta + s * STEP * e).delta(W) for s in (1, -1)] for e in np.eye(len(theta))
    ]
    J = np.stack([(ahead - back).ravel() / (2 * STEP) for ahead, back in ends])
    sigma = np.linalg.svd(J, compute_uv=False)
    return {"parameters": [len(theta)], "dimension": [int((sigma > WITHIN * sigma[0]).sum())]}


# The table ----------------------------------------------------------------------------------------


def part(of: Callable[[], Values], *measures: str) -> Values:
    return {measure: values for measure, values in of().items() if measure in measures}


def arms() -> Iterator[tuple[Where, Callable[[], Values]]]:
    for arm, settings in ARMS.items():
        yield ("X.1", arm), partial(over_seeds, partial(plus, **settings))
    yield ("X.5", "terms"), partial(part, kronecker, "more than predicted")
    yield ("X.5", "what is left"), partial(part, kronecker, "apart")
    for arm, moved in (("the same blocks", False), ("other blocks", True)):
        yield ("X.6", arm), partial(over_seeds, partial(restarted, moved=moved))
    yield ("X.6", "LoRA of rank 1"), partial(over_seeds, lora_restarted)
    for arm, settings in FLOWS.items():
        flow = cache(partial(over_seeds, partial(run, **settings)))  # of both predictions
        yield ("X.7", arm), partial(part, flow, "gain", "crossing")
        yield ("X.8", arm), partial(part, flow, "identity", "drift")
    for steps in (50, 2000):
        for arm, shared in (("one start", True), ("two starts", False)):
            of = partial(over_seeds, partial(merging, shared=shared, steps=steps))
            yield ("X.9", f"{arm} {steps} steps"), of
    for slug in sorted(s for s in slugs() if issubclass(load(s), WeightAdapter)):
        for prediction, shape in (("X.10", SHAPE), ("X.10, square", SQUARE)):
            try:
                start = fresh(slug, shape)
            except ValueError:
                continue  # the sides of a weight do not fit
            yield (prediction, slug), partial(dimensions, *start)
            break


def measured(where: Where, of: Callable[[], Values]) -> Iterator[dict[str, Any]]:
    for measure, values in of().items():
        three = {"median": np.median(values), "least": min(values), "most": max(values)}
        about = dict(zip(("prediction", "arm"), where, strict=True)) | {"measure": measure}
        yield about | {k: f"{v:.4g}" for k, v in three.items()} | {"seeds": len(values)}


def due(_: Done) -> Iterator[tuple[Where, Make]]:
    return ((where, partial(measured, where, of)) for where, of in arms())


TABLE = Table(atlas.TABLE, ("prediction", "arm"), due)
main = partial(fill, __doc__, TABLE)
