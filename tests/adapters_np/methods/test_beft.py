"""Consequences of BEFT's formula."""

from functools import partial

import numpy as np

from adapters_np.layers import attention_weights
from adapters_np.methods.beft import BEFT
from tests.toy import stepped, tokens, weight

W, X = weight(48, 64), tokens(64)
moved = partial(stepped, BEFT, W)


def test_every_token_moves_by_the_same_step_whatever_it_is() -> None:
    adapter = moved()
    steps = adapter.forward(W, X) - W @ X
    np.testing.assert_allclose(steps, np.repeat(adapter.b[:, None], 6, axis=1), atol=1e-12)
    zero = adapter.forward(W, np.zeros((64, 1)))
    np.testing.assert_allclose(zero[:, 0], adapter.b, atol=1e-12)


def test_a_shift_of_the_keys_moves_no_attention_and_one_of_the_values_passes_through() -> None:
    rng = np.random.default_rng(2)
    Q, K, V, b = (rng.normal(size=(8, 6)) for _ in range(4))
    b = b[:, :1]
    A = attention_weights(Q, K)
    np.testing.assert_allclose(attention_weights(Q, K + b), A, atol=1e-12)
    assert not np.allclose(attention_weights(Q + b, K), A)
    np.testing.assert_allclose((V + b) @ A.T, V @ A.T + b, atol=1e-12)
