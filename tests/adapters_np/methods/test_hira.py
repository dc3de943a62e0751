"""Consequences of HiRA's formula."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.hira import HiRA
from adapters_np.methods.ia3 import IA3
from adapters_np.methods.lora import LoRA
from tests.toy import weight


def moved(rank: int = 4) -> HiRA:
    rng = np.random.default_rng(1)
    return perturbed(HiRA.init(weight(48, 64), rng, rank=rank), rng, 1.0)


@pytest.mark.parametrize("rank", [1, 2, 8])
def test_change_has_full_rank_whatever_that_of_the_pattern_is(rank: int) -> None:
    adapter, W = moved(rank), weight(48, 64)
    assert np.linalg.matrix_rank(adapter.B @ adapter.A) == rank
    assert np.linalg.matrix_rank(adapter.delta(W)) == 48


@pytest.mark.parametrize("of_W", [1, 2, 3])
def test_rank_is_at_most_the_product_of_both(of_W: int) -> None:
    U, sigma, Vt = thin_svd(weight(48, 64))
    thin = U[:, :of_W] * sigma[:of_W] @ Vt[:of_W]
    assert np.linalg.matrix_rank(moved(4).delta(thin)) == 4 * of_W


def test_change_is_a_sum_of_gains_on_rows_and_columns() -> None:
    adapter, W = moved(), weight(48, 64)
    parts = [np.diag(b) @ W @ np.diag(a) for b, a in zip(adapter.B.T, adapter.A, strict=True)]
    np.testing.assert_allclose(adapter.delta(W), sum(parts), atol=1e-12)


def test_entries_that_are_zero_stay() -> None:
    W = weight(48, 64)
    W[W < 0] = 0
    assert not moved().delta(W)[W == 0].any()


@pytest.mark.parametrize("feedforward", [False, True])
def test_gains_of_ia3_are_the_case_of_one_constant_factor(feedforward: bool) -> None:
    W, rng = weight(48, 64), np.random.default_rng(2)
    gains = perturbed(IA3.init(W, rng, feedforward=feedforward), rng, 1.0)
    change = gains.l - 1
    pair = (
        (change[None, :], np.ones((48, 1))) if feedforward else (np.ones((1, 64)), change[:, None])
    )
    np.testing.assert_allclose(HiRA(*pair).delta(W), gains.delta(W), atol=1e-12)


def test_on_a_weight_of_ones_it_is_lora() -> None:
    adapter, ones = moved(), np.ones((48, 64))
    np.testing.assert_allclose(adapter.delta(ones), LoRA(adapter.A, adapter.B, 1.0).delta(ones))


def test_a_weight_twice_as_large_changes_twice_as_much() -> None:
    adapter, W = moved(), weight(48, 64)
    np.testing.assert_allclose(adapter.delta(2 * W), 2 * adapter.delta(W))


def test_at_the_start_only_b_has_a_gradient() -> None:
    W = weight(48, 64)
    fresh = HiRA.init(W, np.random.default_rng(0))
    assert not replace(fresh, A=fresh.A + 1).delta(W).any()
    assert replace(fresh, B=fresh.B + 1).delta(W).any()
