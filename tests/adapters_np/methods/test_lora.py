"""Claims of LoRA's paper."""

from dataclasses import replace
from functools import partial

import numpy as np

from adapters_np.methods.lora import LoRA
from tests.toy import singular_values, stepped, weight

moved = partial(stepped, LoRA, weight(48, 64), alpha=8.0, rank=4, rank_stabilised=False)


def test_factors_are_fixed_only_up_to_an_invertible_matrix() -> None:
    W, adapter = weight(48, 64), moved(rank=4)
    T = np.random.default_rng(2).normal(size=(4, 4))
    other = replace(adapter, B=adapter.B @ T, A=np.linalg.solve(T, adapter.A))
    np.testing.assert_allclose(other.delta(W), adapter.delta(W), atol=1e-12)


def test_scale_falls_with_r_and_for_rslora_with_its_root() -> None:
    assert moved(rank=4, alpha=8.0).s == 2.0
    assert moved(rank=16, alpha=8.0).s == 0.5
    assert moved(rank=16, alpha=8.0, rank_stabilised=True).s == 2.0


def test_at_most_r_singular_values_rise_above_the_largest_of_w() -> None:
    W, adapter = weight(48, 64), moved(rank=4, alpha=64.0)
    before, after = singular_values(W), singular_values(W + adapter.delta(W))
    assert after[0] > 2 * before[0]
    assert (after[4:] <= before[:-4] + 1e-12).all()
