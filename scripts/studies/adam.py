"""Adam on trees of arrays, as torch computes it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

BETAS, EPS = (0.9, 0.99), 1e-8


class Moments(NamedTuple):
    """Running means of the gradient and of its square, and the number of steps."""

    mean: Any
    square: Any
    steps: Any


def begin(parts: Any) -> Moments:
    mean, square = (jax.tree.map(jnp.zeros_like, parts) for _ in range(2))
    return Moments(mean, square, jnp.zeros((), jnp.int32))


def step(moments: Moments, gradient: Any) -> tuple[Moments, Any]:
    """Return the next moments, and the direction that a rate multiplies and a step subtracts."""
    steps = moments.steps + 1
    (a, b), old, t = BETAS, moments, steps.astype(jax.tree.leaves(gradient)[0].dtype)
    mean = jax.tree.map(lambda m, g: a * m + (1 - a) * g, old.mean, gradient)
    square = jax.tree.map(lambda v, g: b * v + (1 - b) * g * g, old.square, gradient)
    way = jax.tree.map(lambda m, v: m / (1 - a**t) / (jnp.sqrt(v / (1 - b**t)) + EPS), mean, square)
    return Moments(mean, square, steps), way


def clipped(gradient: Any) -> Any:
    norm = jnp.sqrt(sum((g * g).sum() for g in jax.tree.leaves(gradient)))
    return jax.tree.map(lambda g: g / jnp.maximum(norm, 1), gradient)
