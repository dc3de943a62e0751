"""Consequences of the formulas of LoRA's starts."""

from typing import Any

import numpy as np
import pytest

from adapters_np.core import knobs, perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.lora_starts import (
    LoRAStart,
    by_context,
    by_frame,
    by_gradient,
    by_inputs,
)
from tests.toy import weight

W = weight(48, 64)
STARTS = knobs(LoRAStart)["start"].options


def fresh(start: Any, rank: int = 4) -> LoRAStart:
    return LoRAStart.init(W, np.random.default_rng(0), rank=rank, start=start)


@pytest.mark.parametrize("start", STARTS)
def test_the_layer_starts_as_it_is_and_what_follows_has_rank_2r_at_most(start: str) -> None:
    first = fresh(start)
    assert not first.delta(W).any()
    moved = perturbed(first, np.random.default_rng(1), 1.0)
    twice = start not in ("inputs", "crossed")  # there B₀A₀ is zero, and it is a plain LoRA
    assert np.linalg.matrix_rank(moved.delta(W)) == (8 if twice else 4)


def test_the_first_step_of_lora_ga_sees_the_gradient_through_its_2r_strongest_directions() -> None:
    G = np.random.default_rng(2).normal(size=W.shape)
    A, B = by_gradient(G, 4)
    step = (G @ A.T) @ A + B @ (B.T @ G)  # how B A moves against G, to first order
    U, sigma, Vt = thin_svd(G)
    np.testing.assert_allclose(step, (U[:, :8] * sigma[:8]) @ Vt[:8], atol=1e-10)


def test_with_inputs_alike_in_all_directions_corda_is_pissa() -> None:
    U, sigma, Vt = thin_svd(W)
    for used, block in ((True, slice(0, 4)), (False, slice(-4, None))):
        A, B = by_context(W, np.eye(64), 4, used=used)
        np.testing.assert_allclose(B @ A, (U[:, block] * sigma[block]) @ Vt[block], atol=1e-10)


def test_what_corda_leaves_of_the_weight_fits_its_inputs_best() -> None:
    X = (1.0 + np.arange(64))[:, None] ** -1.0 * np.random.default_rng(3).normal(size=(64, 256))
    C = X @ X.T
    lost = {}
    for used in (True, False):
        A, B = by_context(W, C, 8, used=used)
        lost[used] = np.linalg.norm(B @ A @ C)
    assert lost[False] < 0.1 * lost[True]


def test_corda_takes_out_all_that_the_weight_says_along_some_output_directions() -> None:
    X = np.random.default_rng(3).normal(size=(64, 256))
    A, B = by_context(W, X @ X.T, 8, used=True)
    U = np.linalg.qr(B)[0]
    np.testing.assert_allclose(B @ A, U @ (U.T @ W), atol=1e-9)


@pytest.mark.parametrize("start", ["used", "unused"])
def test_what_corda_takes_out_of_the_weight_does_not_depend_on_the_scale(start: Any) -> None:
    parts = []
    for alpha in (4.0, 16.0):
        first = LoRAStart.init(W, np.random.default_rng(0), rank=4, alpha=alpha, start=start)
        parts.append(first.s * first.B_0 @ first.A_0)
    np.testing.assert_allclose(parts[0], parts[1], atol=1e-10)


def test_eva_looks_where_the_inputs_vary_and_not_where_their_mean_is() -> None:
    X = np.random.default_rng(4).normal(size=(64, 500)) * np.r_[5.0, 4.0, np.full(62, 0.1)][:, None]
    X[40] += 100
    A = by_inputs(X, 2)
    assert np.linalg.norm(A[:, :2]) ** 2 == pytest.approx(2, rel=0.01)


def test_olora_takes_the_first_columns_of_the_weight_whole() -> None:
    A, B = by_frame(W, 4)
    np.testing.assert_allclose((B @ A)[:, :4], W[:, :4], atol=1e-12)
    np.testing.assert_allclose(B.T @ B, np.eye(4), atol=1e-12)


def test_crossed_factors_are_neither_zero_and_their_product_is() -> None:
    first = fresh("crossed")
    assert min(np.linalg.norm(first.A), np.linalg.norm(first.B)) > 0.5
    np.testing.assert_allclose(first.B @ first.A, 0, atol=1e-12)


def test_rank_beyond_half_of_the_smaller_side_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rank=6 is larger than min\(d_out, d_in\) / 2=4"):
        LoRAStart.init(weight(8, 16), np.random.default_rng(0), rank=6)


def test_where_the_product_is_zero_the_reach_is_lora_s_and_elsewhere_less_of_a_small_change() -> (
    None
):
    change = 0.1 * np.random.default_rng(5).normal(size=W.shape)
    U, sigma, Vt = thin_svd(change)
    best = (U[:, :4] * sigma[:4]) @ Vt[:4]
    for start in ("inputs", "crossed"):
        np.testing.assert_allclose(fresh(start).nearest(W, change).delta(W), best, atol=1e-10)
    used = fresh("used")
    left = np.linalg.norm(change - used.nearest(W, change).delta(W))
    assert left > np.linalg.norm(change - best)
