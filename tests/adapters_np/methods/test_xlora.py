"""Claims of the paper on X-LoRA."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array
from adapters_np.methods.xlora import XLoRA
from tests.toy import tokens, weight

W, X = weight(12, 20), tokens(20, 50)


def moved(**knobs: Any) -> XLoRA:
    rng = np.random.default_rng(1)
    return perturbed(XLoRA.init(W, rng, **{"rank": 2, **knobs}), rng, 1.0)


def change(adapter: XLoRA, weights: Array) -> Array:
    """Return the change of W that one token with these expert weights sees."""
    return adapter.s * np.einsum("k,kor,kri->oi", weights, adapter.B, adapter.A)


def static_residual(adapter: XLoRA) -> float:
    """Return what the best single weight cannot reproduce, as a share of the change."""
    target = adapter.forward(W, X) - W @ X
    fixed = np.linalg.lstsq(X.T, target.T, rcond=None)[0].T
    return float(np.linalg.norm(target - fixed @ X) / np.linalg.norm(target))


def test_top_k_keeps_the_largest_weights_as_they_are() -> None:
    everything, kept = moved().gate(W @ X), moved(top_k=2).gate(W @ X)
    assert ((kept > 0).sum(axis=0) == 2).all()
    assert (kept[kept > 0] == everything[kept > 0]).all()
    assert (kept.sum(axis=0) == np.sort(everything, axis=0)[-2:].sum(axis=0)).all()


def test_renormalised_top_k_is_a_softmax_over_the_experts_that_were_kept() -> None:
    adapter = moved(top_k=2, renormalise=True)
    weights = adapter.gate(W @ X)
    logits = (adapter.G @ W @ X + adapter.c[:, None]) / adapter.temperature
    e = np.where(weights > 0, np.exp(logits), 0)
    np.testing.assert_allclose(weights, e / e.sum(axis=0), atol=1e-14)


def test_every_token_sees_its_own_sum_of_expert_changes() -> None:
    adapter = moved()
    Y, weights = adapter.forward(W, X), adapter.gate(W @ X)
    for t in range(5):
        own = (W + change(adapter, weights[:, t])) @ X[:, t]
        np.testing.assert_allclose(Y[:, t], own, atol=1e-12)


@pytest.mark.parametrize("experts", [2, 3])
def test_rank_over_all_tokens_is_at_most_the_sum_of_the_experts_ranks(experts: int) -> None:
    adapter = moved(experts=experts)
    delta = adapter.forward(W, X) - W @ X
    assert np.linalg.matrix_rank(delta, tol=1e-9) == 2 * experts


def test_no_single_weight_does_the_same_unless_the_gate_is_constant() -> None:
    residuals = [static_residual(moved(temperature=t)) for t in (0.2, 1.0, 5.0)]
    assert residuals[0] > residuals[1] > residuals[2] > 0.01
    adapter = moved()
    assert static_residual(replace(adapter, G=0 * adapter.G)) < 1e-12


def test_a_fresh_gate_weighs_experts_about_equally() -> None:
    fresh = XLoRA.init(weight(64, 64), np.random.default_rng(0))
    weights = fresh.mixture(weight(64, 64), tokens(64, 200))
    np.testing.assert_allclose(weights.mean(axis=1), 1 / 4, atol=0.05)
