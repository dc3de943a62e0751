"""Tasks after pretraining: a novel, source code, random sequences, planted teachers."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapters_np.core import load, perturbed
from adapters_np.linalg import Array
from scripts.studies import corpora, decoder, tokens
from scripts.studies.decoder import CONTEXT, KINDS, Hooks, Weights
from scripts.studies.pretrain import base, draw, spread
from scripts.survey.results.experiment import TASKS, TEACHERS

FORMS: dict[str, dict[str, Any]] = {
    "lora": {"rank": 4},
    "oft": {"block_size": 8},
    "ia3": {},
    "shira": {"density": 0.05},
}
STRENGTH = 0.2
SEQUENCES = 32
VALIDATION, TEST, BESIDE = 64, 256, 128


class Task(NamedTuple):
    """Pieces of text, each (n, CONTEXT + 1)."""

    validation: tokens.Ids
    test: tokens.Ids
    held: tokens.Ids
    """Of the pretraining text, where forgetting shows."""
    sibling: tokens.Ids | None = None
    """Of a text of the same kind that is never trained on."""


@cache
def text(corpus: str, which: str, seed: int = 0, width: int = 64) -> tokens.Ids:
    """Return a part of a corpus as tokens of a base model's vocabulary."""
    _, merges = base(seed, width)
    if corpus == "speeches":
        return tokens.encode(corpora.pretraining(which), merges)
    return tokens.encode(corpora.part(corpora.documents(corpus), which), merges)


@cache
def memory() -> tokens.Ids:
    rng = np.random.default_rng(99)
    return rng.integers(0, tokens.VOCABULARY, (SEQUENCES, CONTEXT + 1), dtype=np.int32)


@cache
def task(name: str, seed: int = 0, width: int = 64) -> Task:
    """Return what a task is judged by, as tokens of a base model.

    Raises:
        ValueError: when there is no such task.
    """
    if name not in TASKS:
        raise ValueError(f"task={name!r} is not one of {', '.join(TASKS)}")
    held = spread(text("speeches", "test", seed, width), BESIDE)
    if name == "memory":
        return Task(memory(), memory(), held)
    if name in TEACHERS:
        of = text("speeches", "validation", seed, width)
        half = len(of) // 2
        return Task(spread(of[:half], VALIDATION), spread(of[half:], TEST), held)
    corpus = {"prose": "novel", "code": "code"}[name]
    sizes = {"validation": VALIDATION, "test": TEST}
    judged = [spread(text(corpus, part, seed, width), n) for part, n in sizes.items()]
    sibling = spread(text("sibling", "test", seed, width), BESIDE) if name == "code" else None
    return Task(judged[0], judged[1], held, sibling)


def order(
    name: str, seed: int, steps: int, batch: int, base: int = 0, width: int = 64
) -> tokens.Ids:
    """Return what is read in which order, (steps, batch, CONTEXT + 1), the same for all methods.

    Args:
        seed: Of the run.
        base: The base model whose vocabulary the text is told in.
    """
    rng = np.random.default_rng([77, seed])
    if name == "memory":
        return memory()[rng.integers(0, SEQUENCES, (steps, batch))]
    corpus = {"prose": "novel", "code": "code"}.get(name, "speeches")
    return draw(rng, text(corpus, "train", base, width), steps, batch)


@cache
def teacher(name: str, seed: int, width: int) -> dict[str, Array]:
    weights, _ = base(seed, width)
    form = name.removeprefix("teacher ")
    cls, knobs = load(form), FORMS[form]
    found = dict(weights)
    for place, i in np.ndindex(len(KINDS), decoder.LAYERS):
        kind = KINDS[place]
        W = weights[kind][i].astype(float)
        rng = np.random.default_rng([55, place, i])
        changed = found[kind] if found[kind] is not weights[kind] else weights[kind].copy()
        changed[i] = W + planted(cls.init(W, rng, **knobs), W, rng)
        found[kind] = changed
    return found


def planted(adapter: Any, W: Array, rng: np.random.Generator) -> Array:
    """Return the ΔW of a random step, scaled so that ‖ΔW‖ = 0.2 ‖W‖."""
    state = rng.bit_generator.state

    def change(step: float) -> Array:
        rng.bit_generator.state = state
        moved: Array = perturbed(adapter, rng, step).delta(W)
        return moved

    def short(step: float) -> bool:
        return bool(np.linalg.norm(change(step)) < STRENGTH * np.linalg.norm(W))

    high = 1e-3
    while short(high):
        high *= 2
    low = high / 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) else (low, middle)
    return change(high)


def surprise(p: Weights, hooks: Hooks, teacher: Weights | None, batch: Any) -> Any:
    """Return what is brought down: the loss on a text, or the distance to a teacher's outputs."""
    if teacher is None:
        return decoder.loss(p, batch, hooks)
    theirs = jax.nn.log_softmax(decoder.logits(teacher, batch[:, :-1]))
    ours = jax.nn.log_softmax(decoder.logits(p, batch[:, :-1], hooks))
    return (jnp.exp(theirs) * (theirs - ours)).sum(-1).mean()
