"""One run of the experiment: a pure function of its settings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapters_np.linalg import Array
from scripts.studies import adam, decoder, tasks
from scripts.studies.adapting import WHOLE, Adapted, Method, Settings
from scripts.studies.jax_copy import held_norms
from scripts.studies.pretrain import base
from scripts.survey.results.experiment import TEACHERS

POINTS = 10
PIECES = 32  # judged at a time


@dataclass(frozen=True)
class Run(Settings):
    base: int = 0
    width: int = 64
    steps: int = 400
    batch: int = 4
    protocol = (1,)


@cache
def prepared(method: Method, seed: int, width: int, steps: int) -> Any:
    adapted = Adapted(method, base(seed, width)[0])
    return adapted, *compiled(adapted, steps)


def compiled(adapted: Adapted, steps: int) -> tuple[Any, Any]:
    recipe = adapted.recipe

    def surprise(learned: Any, frozen: Any, p: Any, teacher: Any, batch: Any) -> Any:
        weights, hooks = adapted.apply(p, learned, frozen)
        return tasks.surprise(weights, hooks, teacher, batch)

    @jax.jit
    def train(state: Any, frozen: Any, p: Any, teacher: Any, rate: Any, texts: Any) -> Any:
        def step(state: Any, batch: Any) -> Any:
            learned, moments = state
            loss, gradient = jax.value_and_grad(surprise)(learned, frozen, p, teacher, batch)
            slope = recipe.gradient(adam.clipped(gradient), learned, frozen)
            moments, way = adam.step(moments, slope)
            way = recipe.paced(way)
            t = moments.steps
            now = rate * jnp.minimum(t / (0.1 * steps), (steps - t + 1) / (0.9 * steps))
            return (jax.tree.map(lambda a, w: a - now * w, learned, way), moments), loss

        return jax.lax.scan(step, state, texts)

    return train, jax.jit(surprise)


def run(settings: Run, curve: bool = True) -> dict[str, Any]:
    """Train, and return what came out.

    Curves are at ten points, if asked for: judging them takes a tenth of a run.
    """
    began = time.monotonic()
    return outcome(settings, trained(settings, curve), began)


def change(settings: Run) -> dict[str, Array]:
    """Return what training made of every matrix: ΔW by kind, each (layers, d_out, d_in)."""
    made = trained(settings, curve=False)
    p, _ = models(settings.task, settings.base, settings.width)
    weights, _ = made.adapted.apply(p, made.learned, made.frozen)
    return {kind: np.asarray(weights[kind] - p[kind]) for kind in decoder.KINDS}


def about(settings: Run) -> tasks.Task:
    return tasks.task(settings.task, settings.base, settings.width)


@jax.jit
def plain(p: decoder.Weights, teacher: Any, batch: Any) -> Any:
    return tasks.surprise(p, decoder.Hooks(), teacher, batch)


def losses_of(settings: Run, weights: decoder.Weights) -> tuple[float, float]:
    _, teacher = models(settings.task, settings.base, settings.width)
    test = judged(partial(plain, weights, teacher), about(settings).test)
    return test, judged(partial(plain, weights, None), about(settings).held)


def judged(surprise: Callable[[Any], Any], pieces: Any) -> float:
    batches = (pieces[i : i + PIECES] for i in range(0, len(pieces), PIECES))
    return float(np.mean([surprise(batch) for batch in batches]))


class Trained(NamedTuple):
    """A method after training: its arrays, how to judge them, and the losses on the way."""

    adapted: Adapted
    learned: Any
    frozen: Any
    judge: Callable[..., float]
    curve: list[list[float]]


def trained(settings: Run, curve: bool = True, within: Any = None) -> Trained:
    """Train a method, judged on the way.

    `within` are other weights than the base model's, and the method in them with its compiled
    training and judging.
    """
    where = settings.base, settings.width
    p, teacher = models(settings.task, *where)
    p, adapted, train, surprise = within or (
        p, *prepared(settings.method, *where, settings.steps)
    )  # fmt: skip
    learned, frozen = adapted.start(settings.seed)
    here = about(settings)

    def judge(pieces: Any, teacher: Any = teacher) -> float:
        return judged(partial(surprise, learned, frozen, p, teacher), pieces)

    texts = tasks.order(settings.task, settings.seed, settings.steps, settings.batch, *where)
    state, losses = (learned, adam.begin(learned)), []
    for leg in np.split(texts, POINTS):
        with held_norms() if settings.method.arm != WHOLE else nullcontext():
            state, _ = train(state, frozen, p, teacher, settings.rate, leg)
        learned = state[0]
        if curve:
            losses.append([judge(here.validation[:PIECES]), judge(here.held[:PIECES], None)])
    return Trained(adapted, learned, frozen, judge, losses)


def outcome(settings: Run, made: Trained, began: float) -> dict[str, Any]:
    """Return what came out of a run that began at that time of the monotonic clock."""
    found = losses(about(settings), made.judge)
    start = untrained(settings.task, settings.base, settings.width)
    worse = found["validation"] - start["validation"]
    curves = zip(("validation", "held"), zip(*made.curve, strict=True), strict=bool(made.curve))
    return {
        "parameters": decoder.count(made.learned),
        **found,
        **{f"start_{part}": loss for part, loss in start.items()},
        **{f"curve_{part}": " ".join(f"{v:.4f}" for v in curve) for part, curve in curves},
        "status": "done" if math.isfinite(worse) and worse < 0 else "diverged",
        "seconds": round(time.monotonic() - began, 2),
    }


def losses(about: tasks.Task, judge: Callable[..., float]) -> dict[str, Any]:
    """Return the losses on all texts of a task; no teacher is heard on the pretraining text."""
    return {
        "validation": judge(about.validation),
        "test": judge(about.test),
        "held": judge(about.held, None),
        "sibling": None if about.sibling is None else judge(about.sibling),
    }


@cache
def models(task: str, seed: int, width: int) -> tuple[Any, Any]:
    taught = tasks.teacher(task, seed, width) if task in TEACHERS else {}
    p, teacher = (
        {name: jnp.asarray(a) for name, a in weights.items()}
        for weights in (base(seed, width)[0], taught)
    )
    return p, teacher or None


@cache
def untrained(task: str, seed: int, width: int) -> dict[str, Any]:
    (p, teacher), about = models(task, seed, width), tasks.task(task, seed, width)
    surprise = jax.jit(lambda of, batch: tasks.surprise(p, decoder.Hooks(), of, batch))

    def judge(pieces: Any, of: Any = teacher) -> float:
        return judged(partial(surprise, of), pieces)

    return losses(about, judge)
