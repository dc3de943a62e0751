"""Claims of LoRA's paper."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.lora import LoRA
from tests.toy import singular_values, weight


def moved(rank: int = 4, alpha: float = 8.0, *, rank_stabilised: bool = False) -> LoRA:
    W, rng = weight(48, 64), np.random.default_rng(1)
    return perturbed(
        LoRA.init(W, rng, rank=rank, alpha=alpha, rank_stabilised=rank_stabilised), rng, 1.0
    )


@pytest.mark.parametrize("rank", [1, 4, 16])
def test_change_has_exactly_rank_r(rank: int) -> None:
    sigma = singular_values(moved(rank).delta(weight(48, 64)))
    assert (sigma > 1e-10 * sigma[0]).sum() == rank


def test_change_is_zero_when_either_factor_is_zero() -> None:
    W, adapter = weight(48, 64), moved()
    assert not replace(adapter, B=0 * adapter.B).delta(W).any()
    assert not replace(adapter, A=0 * adapter.A).delta(W).any()


def test_factors_are_fixed_only_up_to_an_invertible_matrix() -> None:
    W, adapter = weight(48, 64), moved(4)
    T = np.random.default_rng(2).normal(size=(4, 4))
    other = replace(adapter, B=adapter.B @ T, A=np.linalg.solve(T, adapter.A))
    np.testing.assert_allclose(other.delta(W), adapter.delta(W), atol=1e-12)


def test_norm_is_bounded_by_the_norms_of_the_factors() -> None:
    adapter = moved()
    bound = adapter.s * np.linalg.norm(adapter.B) * np.linalg.norm(adapter.A)
    assert 0 < np.linalg.norm(adapter.delta(weight(48, 64))) <= bound


def test_rows_of_the_change_lie_in_the_span_of_a_and_columns_in_that_of_b() -> None:
    adapter = moved(4)
    delta = adapter.delta(weight(48, 64))
    assert np.linalg.matrix_rank(np.vstack([adapter.A, delta])) == 4
    assert np.linalg.matrix_rank(np.hstack([adapter.B, delta])) == 4


def test_doubling_alpha_doubles_the_change() -> None:
    W = weight(48, 64)
    np.testing.assert_allclose(
        moved(alpha=16.0).delta(W), 2 * moved(alpha=8.0).delta(W), atol=1e-15
    )


def test_scale_falls_with_r_and_for_rslora_with_its_root() -> None:
    assert moved(4, 8.0).s == 2.0
    assert moved(16, 8.0).s == 0.5
    assert moved(16, 8.0, rank_stabilised=True).s == 2.0


def test_at_most_r_singular_values_rise_above_the_largest_of_w() -> None:
    W, adapter = weight(48, 64), moved(4, 64.0)
    before, after = singular_values(W), singular_values(W + adapter.delta(W))
    assert after[0] > 2 * before[0]
    assert (after[4:] <= before[:-4] + 1e-12).all()


def test_subtracting_the_change_restores_the_weight() -> None:
    W, adapter = weight(48, 64), moved()
    np.testing.assert_allclose(W + adapter.delta(W) - adapter.delta(W), W, atol=1e-14)
