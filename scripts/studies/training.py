"""One run of the experiment: a pure function of its settings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapters_np.linalg import Array
from scripts.studies import adam, decoder, tasks
from scripts.studies.adapting import WHOLE, Adapted, Method, Settings, named
from scripts.studies.pretrain import base
from scripts.studies.recipes import USUAL, Recipe
from scripts.studies.twin import held_norms
from scripts.survey.results.experiment import TEACHERS

PROTOCOL = 1
"""A number that goes up when the same settings would give another result."""

POINTS = 10
PIECES = 32  # judged at a time


@dataclass(frozen=True)
class Run(Settings):
    """The settings of a run."""

    base: int = 0
    width: int = 64
    steps: int = 400
    batch: int = 4

    @property
    def key(self) -> str:
        """The name of this run among all."""
        return named(PROTOCOL, asdict(self))


@cache
def prepared(method: Method, seed: int, width: int, steps: int) -> Any:
    """Return a method in a base model, and its compiled training and judging."""
    adapted = Adapted(method, base(seed, width)[0])
    return adapted, *compiled(adapted, steps)


def compiled(adapted: Adapted, steps: int, recipe: Recipe = USUAL) -> tuple[Any, Any]:
    """Return the compiled training of a method that has started, a leg at a time, and judging.

    Args:
        adapted: The method in a model.
        steps: How many steps there are in all, which the rate follows.
        recipe: How its arrays step.
    """

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
    """Train, and return what the run is and what came out.

    Returns:
        The settings, and `validation`, `test`, `held` (pretraining text), `sibling`, `start` (the
        untrained model's `test` and `held`), `curve` (validation and held at ten points, if asked
        for: judging them takes a tenth of a run), the number of `parameters`, `status` and
        `seconds`.
    """
    began = time.monotonic()
    with derivative(settings):
        return told(settings, _trained(settings, curve), began)


def change(settings: Run) -> dict[str, Array]:
    """Return what training made of every matrix: ΔW by kind, each (layers, d_out, d_in)."""
    with derivative(settings):
        made = _trained(settings, curve=False)
        p, _ = models(settings.task, settings.base, settings.width)
        weights, _ = made.adapted.apply(p, made.learned, made.frozen)
    return {kind: np.asarray(weights[kind] - p[kind]) for kind in decoder.KINDS}


def test_loss(settings: Run, weights: decoder.Weights) -> float:
    """Return the test loss on a run's task of other weights in place of those it trained."""
    teacher = models(settings.task, settings.base, settings.width)[1]
    surprise = jax.jit(lambda p, batch: tasks.surprise(p, decoder.Hooks(), teacher, batch))
    return judged(partial(surprise, weights), tasks.task(settings.task).test)


def judged(surprise: Callable[[Any], Any], pieces: Any) -> float:
    """Return the mean surprise over pieces, a batch at a time."""
    batches = (pieces[i : i + PIECES] for i in range(0, len(pieces), PIECES))
    return float(np.mean([surprise(batch) for batch in batches]))


class Trained(NamedTuple):
    """A method after training: its arrays, how to judge them, and the losses on the way."""

    adapted: Adapted
    learned: Any
    frozen: Any
    judge: Callable[..., float]
    curve: list[list[float]]


def derivative(settings: Run) -> AbstractContextManager[None]:
    """Hold DoRA's norms constant in derivatives meanwhile, unless a run wants all of it."""
    return held_norms() if settings.method.arm != WHOLE else nullcontext()


def _trained(settings: Run, curve: bool) -> Trained:
    where = settings.base, settings.width
    p, _ = models(settings.task, *where)
    adapted, train, surprise = prepared(settings.method, *where, settings.steps)
    return followed(settings, p, adapted, train, surprise, curve)


def followed(
    settings: Run,
    p: decoder.Weights,
    adapted: Adapted,
    train: Any,
    surprise: Any,
    curve: bool = True,
) -> Trained:
    """Train a method that has started in a model, judged at ten points on the way.

    Args:
        settings: What the run is.
        p: The weights of the model.
        adapted: The method in it.
        train: Its compiled training.
        surprise: Its compiled judging.
        curve: Whether it is judged on the way.
    """
    _, teacher = models(settings.task, settings.base, settings.width)
    learned, frozen = adapted.start(settings.seed)
    about = tasks.task(settings.task)

    def judge(pieces: Any, teacher: Any = teacher) -> float:
        return judged(partial(surprise, learned, frozen, p, teacher), pieces)

    texts = tasks.order(settings.task, settings.seed, settings.steps, settings.batch)
    state, losses = (learned, adam.begin(learned)), []
    for leg in np.split(texts, POINTS):
        state, _ = train(state, frozen, p, teacher, settings.rate, leg)
        learned = state[0]
        if curve:
            losses.append([judge(about.validation[:PIECES]), judge(about.held[:PIECES], None)])
    return Trained(adapted, learned, frozen, judge, losses)


def told(settings: Run, made: Trained, began: float) -> dict[str, Any]:
    """Return what a run is and what came out; it began at that time of the monotonic clock."""
    about = tasks.task(settings.task)
    found: dict[str, Any] = {
        "validation": made.judge(about.validation),
        "test": made.judge(about.test),
        "held": made.judge(about.held, None),
        "sibling": None if about.sibling is None else made.judge(about.sibling),
    }
    start = untrained(settings.task, settings.base, settings.width)
    worse = found["validation"] - start["validation"]
    return {
        "key": settings.key,
        **asdict(settings),
        "parameters": decoder.count(made.learned),
        **found,
        "start": start,
        "curve": made.curve,
        "status": "done" if math.isfinite(worse) and worse < 0 else "diverged",
        "seconds": round(time.monotonic() - began, 2),
    }


@cache
def models(task: str, seed: int, width: int) -> tuple[Any, Any]:
    """Return the weights of a base model, and those of the teacher if the task has one."""
    taught = tasks.teacher(task, seed, width) if task in TEACHERS else {}
    p, teacher = (
        {name: jnp.asarray(a) for name, a in weights.items()}
        for weights in (base(seed, width)[0], taught)
    )
    return p, teacher or None


@cache
def untrained(task: str, seed: int, width: int) -> dict[str, Any]:
    """Return what the base model makes of a task before any training."""
    (p, teacher), about = models(task, seed, width), tasks.task(task)
    surprise = jax.jit(lambda of, batch: tasks.surprise(p, decoder.Hooks(), of, batch))

    def judge(pieces: Any, of: Any = teacher) -> float:
        return judged(partial(surprise, of), pieces)

    return {
        "validation": judge(about.validation),
        "test": judge(about.test),
        "held": judge(about.held, None),
        "sibling": None if about.sibling is None else judge(about.sibling),
    }
