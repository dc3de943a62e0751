"""Claims of the papers on prefixes, and of a gate on them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from adapters_np.layers import attention_weights, split_heads
from adapters_np.linalg import Array
from adapters_np.methods.prefix_tuning import PrefixTuning
from tests.toy import stepped, tokens, weight

W, X = weight(64, 16), tokens(16, 6)
W_Q, W_K, W_V, W_OT = split_heads(W)[:, 0]
Q, K, V = W_Q @ X, W_K @ X, W_V @ X
BASE = V @ attention_weights(Q, K).T  # o⁰, (d_head, n): before W_O
moved = partial(stepped, PrefixTuning, W, tokens=4, zero_gate=False)


def head(adapter: PrefixTuning) -> Array:
    """Return the head's output before W_O, (d_head, n); W_O has full rank here."""
    return np.linalg.lstsq(W_OT.T, adapter.forward(W, X), rcond=None)[0]


def test_output_is_a_mix_of_the_frozen_one_and_what_is_read_from_the_prefix() -> None:
    adapter = moved()
    share = adapter.virtual_share(W, X)
    mix = (1 - share) * BASE + share * adapter.read(Q)
    np.testing.assert_allclose(head(adapter), mix, atol=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 6])
def test_what_a_prefix_adds_has_rank_at_most_m(m: int) -> None:
    adapter = moved(tokens=m)
    added = head(adapter) - (1 - adapter.virtual_share(W, X)) * BASE
    assert np.linalg.matrix_rank(added, tol=1e-9) == m
    assert np.linalg.matrix_rank(np.hstack([adapter.P_V, added]), tol=1e-9) == m


def test_a_zero_prefix_is_not_the_identity_but_shrinks_every_output() -> None:
    adapter = moved()
    zero = replace(adapter, P_K=0 * adapter.P_K, P_V=0 * adapter.P_V)
    share = zero.virtual_share(W, X)
    np.testing.assert_allclose(
        share, 4 / (4 + np.exp(Q.T @ K / np.sqrt(len(Q))).sum(axis=1)), atol=1e-14
    )
    np.testing.assert_allclose(head(zero), (1 - share) * BASE, atol=1e-12)
    assert (share > 0.1).all()


@pytest.mark.parametrize("g", [-2.0, 0.1, 1.0])
def test_gated_change_is_bounded_and_takes_nothing_from_the_frozen_output(g: float) -> None:
    adapter = replace(moved(zero_gate=True), g=np.array([g]))
    change = head(adapter) - BASE
    np.testing.assert_allclose(change, np.tanh(g) * adapter.read(Q), atol=1e-12)
    bound = abs(np.tanh(g)) * np.linalg.norm(adapter.P_V, axis=0).max()
    assert (np.linalg.norm(change, axis=0) <= bound + 1e-12).all()
    assert not adapter.virtual_share(W, X).any()
