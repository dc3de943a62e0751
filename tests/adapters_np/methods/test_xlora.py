"""Claims of the paper on X-LoRA."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.linalg import Array
from adapters_np.methods.xlora import XLoRA
from tests.toy import stepped, tokens, weight

W, X = weight(12, 20), tokens(20, 50)


def moved(**knobs: Any) -> XLoRA:
    return stepped(XLoRA, W, **{"rank": 2, **knobs})


def change(adapter: XLoRA, weights: Array) -> Array:
    """Return the change of W that one token with these expert weights sees."""
    return adapter.s * np.einsum("k,kor,kri->oi", weights, adapter.B, adapter.A)


def static_residual(adapter: XLoRA) -> float:
    """Return what the best single weight cannot reproduce, as a share of the change."""
    target = adapter.forward(W, X) - W @ X
    fixed = np.linalg.lstsq(X.T, target.T, rcond=None)[0].T
    return float(np.linalg.norm(target - fixed @ X) / np.linalg.norm(target))


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
