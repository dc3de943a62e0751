"""Claims of (IA)³'s paper."""

from dataclasses import replace
from functools import partial

import numpy as np

from adapters_np.layers import attention
from adapters_np.linalg import Array
from adapters_np.methods.ia3 import IA3
from tests.toy import cosines, rotary, stepped, weight

D_OUT, D_IN = 48, 64
moved = partial(stepped, IA3, weight(D_OUT, D_IN), step=0.5)


def after(adapter: IA3) -> Array:
    W = weight(D_OUT, D_IN)
    return W + adapter.delta(W)


def test_gains_of_outputs_keep_the_angles_between_neurons_up_to_sign() -> None:
    W, adapter = weight(D_OUT, D_IN), moved(feedforward=False)
    assert (adapter.l > 0).all()
    np.testing.assert_allclose(cosines(after(adapter)), cosines(W), atol=1e-14)
    turned = after(replace(adapter, l=-adapter.l * np.sign(np.arange(D_OUT) - 9.5)))
    np.testing.assert_allclose(np.abs(cosines(turned)), np.abs(cosines(W)), atol=1e-14)


def test_gains_of_inputs_change_these_angles_and_keep_those_between_columns() -> None:
    W, changed = weight(D_OUT, D_IN), after(moved(feedforward=True))
    assert np.abs(cosines(changed) - cosines(W)).max() > 0.05
    np.testing.assert_allclose(np.abs(cosines(changed.T)), np.abs(cosines(W.T)), atol=1e-14)


def test_gain_of_the_keys_is_the_same_function_as_that_gain_of_the_queries() -> None:
    rng = np.random.default_rng(2)
    W_Q, W_K, W_V, W_OT = (weight(16, D_IN, seed) for seed in range(4))
    adapter = IA3(rng.normal(1, 0.5, 16), feedforward=False)
    X = rng.normal(size=(D_IN, 7))
    keys = attention(np.concatenate([W_Q, W_K + adapter.delta(W_K), W_V, W_OT]), X)
    queries = attention(np.concatenate([W_Q + adapter.delta(W_Q), W_K, W_V, W_OT]), X)
    np.testing.assert_allclose(keys, queries, atol=1e-14)
    assert np.abs(keys - attention(np.concatenate([W_Q, W_K, W_V, W_OT]), X)).max() > 0.01


def test_gain_commutes_with_rotary_embedding_only_if_both_channels_of_a_pair_share_it() -> None:
    X = np.random.default_rng(2).normal(size=(16, 7))
    gain = np.random.default_rng(3).normal(1, 0.5, 16)[:, None]
    assert np.abs(rotary(gain * X) - gain * rotary(X)).max() > 0.1
    tied = np.concatenate([gain[:8], gain[:8]])
    np.testing.assert_allclose(rotary(tied * X), tied * rotary(X), atol=1e-14)
