"""Claims of LoRA's paper."""

from dataclasses import replace

import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.lora import LoRA
from tests.toy import singular_values, weight


def moved(rank: int = 4, alpha: float = 8.0, *, rank_stabilised: bool = False) -> LoRA:
    W, rng = weight(48, 64), np.random.default_rng(1)
    return perturbed(
        LoRA.init(W, rng, rank=rank, alpha=alpha, rank_stabilised=rank_stabilised), rng, 1.0
    )


def test_factors_are_fixed_only_up_to_an_invertible_matrix() -> None:
    W, adapter = weight(48, 64), moved(4)
    T = np.random.default_rng(2).normal(size=(4, 4))
    other = replace(adapter, B=adapter.B @ T, A=np.linalg.solve(T, adapter.A))
    np.testing.assert_allclose(other.delta(W), adapter.delta(W), atol=1e-12)


def test_scale_falls_with_r_and_for_rslora_with_its_root() -> None:
    assert moved(4, 8.0).s == 2.0
    assert moved(16, 8.0).s == 0.5
    assert moved(16, 8.0, rank_stabilised=True).s == 2.0


def test_at_most_r_singular_values_rise_above_the_largest_of_w() -> None:
    W, adapter = weight(48, 64), moved(4, 64.0)
    before, after = singular_values(W), singular_values(W + adapter.delta(W))
    assert after[0] > 2 * before[0]
    assert (after[4:] <= before[:-4] + 1e-12).all()
