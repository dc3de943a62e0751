"""Copies of a base model that compute what it computes, with other weights.

The names are those of docs/data/symmetries.yml. What is drawn is drawn from the number of the copy.
A weight is (d_out, d_in), and layers are stacked, as in scripts/studies/decoder.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from adapters_np.linalg import Array
from scripts.studies.decoder import LAYERS
from scripts.studies.pretrain import base
from scripts.survey.results.symmetries import plan

READERS = {"before_attention": ("q", "k", "v"), "before_inner": ("up",)}
"""Matrices that read what a norm hands on."""

Model = dict[str, Array]


def scaled(p: Model, factors: dict[str, Array]) -> Model:
    """Return a copy whose norms hand on features that are multiplied, by (layers, d) a norm."""
    found = dict(p)
    for name, kinds in READERS.items():
        found[name] = p[name] * factors[name]
        found |= {kind: p[kind] / factors[name][:, None, :] for kind in kinds}
    return found


def folded(p: Model, _: np.random.Generator) -> Model:
    """Return a copy whose norms have gains of one but for the last, which is the output's."""
    return scaled(p, {name: 1 / p[name] for name in READERS})


def turned(p: Model, rng: np.random.Generator) -> Model:
    """Return a folded copy with the residual stream turned; the last gain becomes a matrix."""
    found, d = folded(p, rng), p["embedding"].shape[1]
    Q, R = np.linalg.qr(rng.standard_normal((d, d)))
    Q = Q * np.sign(np.diag(R))  # evenly over all orthogonal matrices
    for kinds in READERS.values():
        found |= {kind: found[kind] @ Q.T for kind in kinds}
    found |= {kind: Q @ found[kind] for kind in ("o", "down")}
    found |= {name: found[name] @ Q.T for name in ("embedding", "positions")}
    return found | {"last_norm": Q * p["last_norm"] @ Q.T}


def permuted(p: Model, rng: np.random.Generator) -> Model:
    """Return a copy with the hidden units of each feed-forward block in another order."""
    up, down = p["up"].copy(), p["down"].copy()
    for i in range(LAYERS):
        order = rng.permutation(up.shape[1])
        up[i], down[i] = up[i][order], down[i][:, order]
    return p | {"up": up, "down": down}


def rescaled(p: Model, rng: np.random.Generator) -> Model:
    """Return a copy whose norms hand on features in other units."""
    z = {name: rng.standard_normal(p[name].shape) for name in READERS}
    return scaled(p, {name: np.exp(plan().spread * value) for name, value in z.items()})


COPIES: dict[str, Callable[[Model, np.random.Generator], Model]] = {
    "plain": lambda p, _: p,
    "folded": folded,
    "turned": turned,
    "permuted": permuted,
    "rescaled": rescaled,
}


@cache
def copied(name: str, draw: int) -> Model:
    p = {key: value.astype(float) for key, value in base()[0].items()}
    made = COPIES[name](p, np.random.default_rng([88, draw]))
    return {key: value.astype(np.float32) for key, value in made.items()}
