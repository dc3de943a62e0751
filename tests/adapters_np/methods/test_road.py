"""Claims of RoAd's paper."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.linalg import Array
from adapters_np.methods.road import RoAd
from tests.toy import cosines, rotary, singular_values, weight

D_OUT, D_IN = 32, 48
every_group = pytest.mark.parametrize("group_size", [2, 8, 32])


def moved(variant: int = 1, group_size: int = 8, seed: int = 1) -> RoAd:
    rng = np.random.default_rng(seed)
    fresh = RoAd.init(
        weight(D_OUT, D_IN),
        rng,
        variant=variant,  # type: ignore[arg-type]
        group_size=group_size,  # type: ignore[arg-type]
    )
    return perturbed(fresh, rng, 1.0)


def turning(adapter: RoAd) -> RoAd:
    """Return the adapter with all gains at 1."""
    return replace(adapter, alpha=np.ones_like(adapter.alpha))


@every_group
@pytest.mark.parametrize("variant", [1, 2, 4])
def test_block_of_each_pair_is_the_papers(variant: int, group_size: int) -> None:
    adapter = moved(variant, group_size)
    R, half = adapter.rotation(), group_size // 2
    for pair in range(D_OUT // 2):
        j = pair // half * group_size + pair % half
        theta, alpha = (np.broadcast_to(a[pair], (2, 2)) for a in (adapter.theta, adapter.alpha))
        block = [
            [alpha[0, 0] * np.cos(theta[0, 0]), -alpha[0, 1] * np.sin(theta[0, 1])],
            [alpha[1, 0] * np.sin(theta[1, 0]), alpha[1, 1] * np.cos(theta[1, 1])],
        ]
        np.testing.assert_allclose(R[np.ix_([j, j + half], [j, j + half])], block)
    assert np.count_nonzero(R) == 2 * D_OUT


def test_parameters_are_one_two_or_four_for_each_output() -> None:
    assert [parameters(RoAd, D_OUT, D_IN, variant=v) for v in (1, 2, 4)] == [32, 64, 128]


@every_group
def test_columns_of_r_are_orthogonal_and_as_long_as_the_gain(group_size: int) -> None:
    adapter = moved(1, group_size)
    R = adapter.rotation()
    gains = adapter.alpha.reshape(-1, 1, group_size // 2).repeat(2, axis=1).ravel()
    np.testing.assert_allclose(R @ R.T, np.diag(gains**2), atol=1e-14)
    pure = turning(adapter).rotation()
    np.testing.assert_allclose(pure.T @ pure, np.eye(D_OUT), atol=1e-14)
    assert abs(np.linalg.det(pure) - 1) < 1e-13


def test_gains_of_one_keep_the_spectrum_and_the_angles_between_columns() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    turned = W + turning(adapter).delta(W)
    np.testing.assert_allclose(singular_values(turned), singular_values(W), atol=1e-13)
    np.testing.assert_allclose(turned.T @ turned, W.T @ W, atol=1e-13)
    scaled = W + adapter.delta(W)
    assert np.abs(singular_values(scaled) - singular_values(W)).max() > 0.1
    assert np.abs(scaled.T @ scaled - W.T @ W).max() > 0.1


def test_angles_between_neurons_change_even_without_gains() -> None:
    W = weight(D_OUT, D_IN)
    turned = W + turning(moved()).delta(W)
    assert np.abs(cosines(turned) - cosines(W)).max() > 0.1


def test_opposite_angle_and_inverse_gain_undo_the_change() -> None:
    adapter = moved()
    back = replace(adapter, theta=-adapter.theta, alpha=1 / adapter.alpha)
    np.testing.assert_allclose(back.rotation() @ adapter.rotation(), np.eye(D_OUT), atol=1e-13)


def test_gain_of_minus_one_adds_half_a_turn_and_is_not_the_inverse() -> None:
    adapter = turning(moved())
    R = adapter.rotation()
    negative = replace(adapter, alpha=-adapter.alpha).rotation()
    half_turn = replace(adapter, theta=adapter.theta + np.pi).rotation()
    np.testing.assert_allclose(negative, half_turn, atol=1e-14)
    assert np.abs(negative - R.T).max() > 0.5


def test_rank_of_the_change_is_two_for_each_pair_that_moves() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    assert np.linalg.matrix_rank(adapter.delta(W)) == D_OUT
    three = np.arange(D_OUT // 2)[:, None, None] < 3
    few = RoAd(np.where(three, adapter.theta, 0), np.where(three, adapter.alpha, 1), 8)
    assert np.linalg.matrix_rank(few.delta(W)) == 6


@pytest.mark.parametrize(("variant", "commute"), [(1, True), (2, False), (4, False)])
def test_only_adapters_of_variant_1_commute(variant: int, commute: bool) -> None:
    one, other = moved(variant).rotation(), moved(variant, seed=2).rotation()
    assert (np.abs(one @ other - other @ one).max() < 1e-14) == commute


@pytest.mark.parametrize(("group_size", "commute"), [(32, True), (2, False), (8, False)])
def test_commutes_with_rotary_embedding_only_if_it_pairs_the_same_channels(
    group_size: int, commute: bool
) -> None:
    adapter = moved(1, group_size)
    head = np.random.default_rng(2).normal(size=(D_OUT, 7))
    gap = np.abs(rotary(adapter.turn(head)) - adapter.turn(rotary(head))).max()
    assert gap < 1e-13 if commute else gap > 0.1


def test_paper_rewrites_it_as_an_edit_of_a_subspace_only_where_r_is_orthogonal() -> None:
    h = np.random.default_rng(2).normal(size=D_OUT)

    def edit(R: Array) -> Array:
        return h + R @ (h - R.T @ h)

    pure, scaled = turning(moved()).rotation(), moved().rotation()
    np.testing.assert_allclose(edit(pure), pure @ h, atol=1e-13)
    assert np.abs(edit(scaled) - scaled @ h).max() > 0.1
