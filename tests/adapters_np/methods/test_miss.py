"""Claims of MiSS's paper, and of PEFT on its variants."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.miss import MiSS
from tests.toy import singular_values, tokens, weight

any_rank = pytest.mark.parametrize("rank", [1, 8, 10, 32])


def moved(rank: int = 8, **knobs: Any) -> MiSS:
    rng = np.random.default_rng(1)
    return perturbed(MiSS.init(weight(48, 64), rng, rank=rank, **knobs), rng, 1.0)


def rank_of(delta: Any) -> int:
    sigma = singular_values(delta)
    return int((sigma > 1e-10 * sigma[0]).sum())


@any_rank
def test_columns_repeat_every_r_inputs(rank: int) -> None:
    delta = moved(rank).delta(weight(48, 64))
    np.testing.assert_array_equal(delta[:, rank:], delta[:, :-rank])


@any_rank
def test_change_is_d_times_the_block_sums(rank: int) -> None:
    adapter = moved(rank)
    S = np.array([[float(j % rank == k) for j in range(64)] for k in range(rank)])
    np.testing.assert_allclose(adapter.delta(weight(48, 64)), adapter.D @ S, atol=1e-12)


@any_rank
def test_change_has_the_rank_of_d(rank: int) -> None:
    assert rank_of(moved(rank).delta(weight(48, 64))) == rank


@pytest.mark.parametrize("rank", [4, 8, 16])
def test_singular_values_are_those_of_d_times_the_root_of_the_number_of_blocks(rank: int) -> None:
    adapter = moved(rank)
    sigma = singular_values(adapter.delta(weight(48, 64)))
    np.testing.assert_allclose(sigma[:rank], np.sqrt(64 / rank) * singular_values(adapter.D))


def test_inputs_whose_slices_sum_to_zero_are_not_seen_and_no_others() -> None:
    W, adapter = weight(48, 64), moved(8)
    X = np.random.default_rng(3).normal(size=(8, 8, 5))  # (block, r, tokens)
    X -= X.mean(axis=0)
    np.testing.assert_allclose(adapter.delta(W) @ X.reshape(64, 5), 0, atol=1e-12)
    assert rank_of(adapter.delta(W)) == 8


def test_r_of_the_full_width_leaves_the_change_free() -> None:
    D = np.random.default_rng(3).normal(size=(48, 64))
    np.testing.assert_array_equal(MiSS(D, False).delta(weight(48, 64)), D)


def test_gradient_of_a_fresh_d_is_the_gradient_of_w_summed_over_blocks() -> None:
    W, rng = weight(48, 64), np.random.default_rng(3)
    fresh = MiSS.init(W, rng, rank=8)
    G, step = rng.normal(size=(48, 64)), rng.normal(size=(48, 8))
    slope = (G * replace(fresh, D=step).delta(W)).sum()  # ΔW is linear in D
    assert slope == pytest.approx((G.reshape(48, 8, 8).sum(axis=1) * step).sum())


def test_mini_has_the_smaller_of_both_ranks_and_repeats_rows() -> None:
    delta = moved(8, output_repeats=8).delta(weight(48, 64))
    assert rank_of(delta) == 48 // 8
    np.testing.assert_array_equal(delta[6:], delta[:-6])


def test_bat_reaches_full_rank_and_depends_on_the_weight() -> None:
    adapter = moved(8, bat=True)
    assert rank_of(adapter.delta(weight(48, 64))) == 48
    assert np.abs(adapter.delta(weight(48, 64)) - adapter.delta(weight(48, 64, seed=1))).max() > 0.1
    plain = moved(8)
    np.testing.assert_array_equal(plain.delta(weight(48, 64)), plain.delta(weight(48, 64, seed=1)))


def test_bat_learns_as_many_numbers_as_the_standard_form() -> None:
    assert moved(8, bat=True).D.shape == moved(8).D.shape == (48, 8)


def test_bat_has_no_sum_form() -> None:
    W, X, adapter = weight(48, 64), tokens(64), moved(8, bat=True)
    assert (adapter.shortcut(W, X) == adapter.forward(W, X)).all()


def test_subtracting_the_change_restores_the_weight() -> None:
    W, adapter = weight(48, 64), moved(10)
    np.testing.assert_allclose(W + adapter.delta(W) - adapter.delta(W), W, atol=1e-14)
