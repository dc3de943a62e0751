"""Claims of the paper on LLaMA-Adapter."""

import numpy as np

from adapters_np.core import perturbed
from adapters_np.layers import attention_weights, split_heads
from adapters_np.linalg import Array
from adapters_np.methods.llama_adapter import LLaMAAdapter
from tests.toy import tokens, weight

W, X = weight(64, 16), tokens(16, 6)
W_Q, W_K, W_V, W_OT = split_heads(W)[:, 0]
Q, K, V = W_Q @ X, W_K @ X, W_V @ X
BASE = V @ attention_weights(Q, K).T  # o⁰, (d_head, n): before W_O


def head(adapter: LLaMAAdapter) -> Array:
    """Return the head's output before W_O, (d_head, n); W_O has full rank here."""
    return np.linalg.lstsq(W_OT.T, adapter.forward(W, X), rcond=None)[0]


def test_llama_adapter_is_a_gated_prefix_made_by_the_frozen_projections() -> None:
    rng = np.random.default_rng(4)
    fresh = LLaMAAdapter.init(W, rng)
    np.testing.assert_allclose(fresh.forward(W, X), fresh.base(W, X), atol=1e-12)
    adapter = perturbed(fresh, rng, 1.0)
    values = W_V @ adapter.P
    change = head(adapter) - BASE
    assert np.linalg.norm(change) > 0.1
    weights = attention_weights(Q, W_K @ adapter.P)
    np.testing.assert_allclose(change, np.tanh(adapter.g) * values @ weights.T, atol=1e-12)
