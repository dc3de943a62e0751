"""Frozen layers that adapters sit on, other than a plain `W @ X`."""

import numpy as np

from adapters_np.errors import KnobError
from adapters_np.linalg import Array


def softmax(scores: Array) -> Array:
    """Return the softmax over the last axis; shape stays."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def split_heads(W: Array, heads: int = 1) -> Array:
    """Cut a stacked attention weight into its parts, (4, heads, d_head, d_in): Q, K, V and Oᵀ.

    Args:
        W: The stack of W_Q, W_K, W_V and W_Oᵀ, (4 · heads · d_head, d_in).
        heads: The number of heads.

    Raises:
        ValueError: when the rows of `W` do not divide into four parts of `heads` heads.
    """
    d_out, d_in = W.shape
    if d_out % 4:
        raise ValueError(f"d_out={d_out} is no multiple of 4: W stacks W_Q, W_K, W_V and W_Oᵀ")
    if d_out % (4 * heads):
        raise KnobError("heads", heads, f"does not divide d_out/4={d_out / 4:g}")
    return W.reshape(4, heads, -1, d_in)


def attention_weights(Q: Array, K: Array) -> Array:
    """Return how queries (..., d_head, n) spread over keys (..., d_head, m): (..., n, m)."""
    return softmax(np.swapaxes(Q, -1, -2) @ K / np.sqrt(Q.shape[-2]))


def attention(W: Array, X: Array, heads: int = 1) -> Array:
    """Return softmax attention without a causal mask, (d_in, n).

    Args:
        W: The stack of W_Q, W_K, W_V and W_Oᵀ, (d_out, d_in) with d_out = 4 · heads · d_head.
        X: The token columns, (d_in, n).
        heads: The number of heads.
    """
    W_Q, W_K, W_V, W_OT = split_heads(W, heads)
    Q, K, V = W_Q @ X, W_K @ X, W_V @ X  # (heads, d_head, n)
    A = attention_weights(Q, K)  # (heads, n, n), a row per query
    return np.einsum("hed,hen->dn", W_OT, V @ np.swapaxes(A, 1, 2))


def feed_forward(W: Array, h: Array) -> Array:
    """Return h + Wᵀ relu(W h), (d_in, n): a block with one weight, (d_out, d_in)."""
    return h + W.T @ np.maximum(W @ h, 0)


def layer_norm(X: Array, eps: float = 1e-5) -> Array:
    """Return every token column centred and scaled to unit variance; shape stays."""
    return (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + eps)


def rms_norm(X: Array, eps: float = 1e-6) -> Array:
    """Return every token column scaled to unit mean square; shape stays."""
    return X / np.sqrt((X**2).mean(axis=0) + eps)


def gelu(X: Array) -> Array:
    """Return x Φ(x), Φ being the distribution function of a standard normal; shape stays.

    2 Φ(x) − 1 is an odd function, and as one of period 10 √2 π it has few waves; what the period
    adds is below round-off in its middle half, and Φ is 0 or 1 beyond.

    Examples:
        >>> gelu(np.array([-1.0, 0.0, 1.0, 20.0])).round(6) + 0.0
        array([-0.158655,  0.      ,  0.841345, 20.      ])
    """
    waves = np.arange(1, 31) / 5
    z = np.clip(X, -8.0, 8.0) / np.sqrt(2)
    heights = np.exp(-(waves**2)) / (5 * waves)
    erf = 2 / np.pi * (z / 5 + np.sin(2 * z[..., None] * waves) @ heights)
    return X * (1 + erf) / 2
