"""A small decoder: a weight is (d_out, d_in) as on the site, and the layers are stacked.

Positions are learned, so that queries meet keys by one matrix a head (CLOVER needs that); the
embedding is also the output. There is no bias. What methods other than a changed weight do stands
in `Hooks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapters_np.linalg import Array
from scripts.studies.tokens import VOCABULARY

LAYERS, HEADS, CONTEXT, INNER = 4, 4, 128, 4
SQUARE = ("q", "k", "v", "o")
KINDS = (*SQUARE, "up", "down")
NORMS = ("before_attention", "before_inner", "last_norm")

Weights = dict[str, Any]


def shapes(d: int) -> dict[str, tuple[int, ...]]:
    matrices: dict[str, tuple[int, ...]] = dict.fromkeys(SQUARE, (LAYERS, d, d))
    matrices |= {"up": (LAYERS, INNER * d, d), "down": (LAYERS, d, INNER * d)}
    norms: dict[str, tuple[int, ...]] = {
        name: (d,) if name == "last_norm" else (LAYERS, d) for name in NORMS
    }
    return matrices | norms | {"embedding": (VOCABULARY, d), "positions": (CONTEXT, d)}


def fresh(seed: int, d: int) -> dict[str, Array]:
    rng, found = np.random.default_rng(seed), {}
    for name, shape in shapes(d).items():
        if name in NORMS:
            found[name] = np.ones(shape)
            continue
        scale = shape[-1] ** -0.5 if name in KINDS else 0.05
        depth = (2 * LAYERS) ** -0.5 if name in ("o", "down") else 1.0
        found[name] = rng.normal(0, scale * depth, shape)
    return {name: value.astype(np.float32) for name, value in found.items()}


class Hooks(NamedTuple):
    prompt: Any = None
    """Virtual tokens before the input, (m, d)."""

    prefix: Callable[[int], tuple[Any, Any]] | None = None
    """Keys and values of virtual tokens in a layer, each (heads, m, d / heads)."""

    shift: Callable[[int], tuple[Any, Any]] | None = None
    """Terms added to queries and to what they read in a layer, each (heads, n, d / heads)."""

    constants: Any = None
    """Terms added to the tokens by place, (CONTEXT, d)."""

    bias: Any = None
    """Terms added to the scores of all tokens, (vocabulary,)."""

    edit: Callable[[int, Any], Any] | None = None
    """An edit of the hidden states behind a layer, (d, n)."""


def norm(x: Any, gain: Any) -> Any:
    """Return rows of unit mean square, times a gain a channel, or a matrix in its place."""
    unit = x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-6)
    return unit * gain if gain.ndim == 1 else unit @ gain.T


def attend(p: Weights, i: int, h: Any, hooks: Hooks) -> Any:
    """Return the attention of layer i, causal among real tokens, (batch, n, d)."""
    batch, n, d = h.shape
    rows = (batch, n, HEADS, d // HEADS)  # then (batch, heads, n, d / heads), the faster by half
    q, k, v = ((h @ p[name][i].T).reshape(rows).swapaxes(1, 2) for name in "qkv")
    shift = hooks.shift(i) if hooks.shift else None
    if shift is not None:
        q = q + shift[0][:, :n]
    seen = jnp.tril(jnp.ones((n, n), bool))
    if hooks.prefix is not None:
        more = [jnp.broadcast_to(a, (batch, *a.shape)) for a in hooks.prefix(i)]
        k, v = (jnp.concatenate(pair, 2) for pair in zip(more, (k, v), strict=True))
        seen = jnp.concatenate([jnp.ones((n, k.shape[2] - n), bool), seen], 1)
    scores = q @ k.swapaxes(2, 3) * q.shape[-1] ** -0.5
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), -1)
    read = weights @ v
    if shift is not None:
        read = read + shift[1][:, :n]
    return read.swapaxes(1, 2).reshape(batch, n, d) @ p["o"][i].T


def logits(p: Weights, ids: Any, hooks: Hooks = Hooks()) -> Any:  # noqa: B008
    """Return the scores of all tokens at every place, (batch, n, vocabulary)."""
    x = p["embedding"][ids] + p["positions"][: ids.shape[1]]
    if hooks.constants is not None:
        x = x + hooks.constants[: ids.shape[1]]
    virtual = 0
    if hooks.prompt is not None:
        virtual = len(hooks.prompt)
        x = jnp.concatenate([jnp.broadcast_to(hooks.prompt, (len(x), *hooks.prompt.shape)), x], 1)
    for i in range(LAYERS):
        x = x + attend(p, i, norm(x, p["before_attention"][i]), hooks)
        inner = jax.nn.gelu(norm(x, p["before_inner"][i]) @ p["up"][i].T)
        x = x + inner @ p["down"][i].T
        if hooks.edit is not None:
            x = hooks.edit(i, x.reshape(-1, x.shape[-1]).T).T.reshape(x.shape)
    scores = norm(x[:, virtual:], p["last_norm"]) @ p["embedding"].T
    return scores if hooks.bias is None else scores + hooks.bias


def loss(p: Weights, text: Any, hooks: Hooks = Hooks()) -> Any:  # noqa: B008
    """Return the mean surprise at the next token in nats; `text` is (batch, n + 1)."""
    surprise = -jax.nn.log_softmax(logits(p, text[:, :-1], hooks))
    return jnp.take_along_axis(surprise, text[:, 1:, None], -1).mean()


def count(parts: Any) -> int:
    return sum(int(a.size) for a in jax.tree.leaves(parts))
