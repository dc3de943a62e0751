"""Claims of AntiPaSTO's paper, and where it does not hold."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array, skew, thin_svd
from adapters_np.methods.antipasto import AntiPaSTO, choose
from adapters_np.methods.ssvd import SSVD
from tests.toy import singular_values, stepped, weight

W = weight(48, 64)
every_alpha = pytest.mark.parametrize("alpha", [-2.0, -0.5, 1.0])
moved = partial(stepped, AntiPaSTO, W, alpha=1.0, rank=16, theta_max=60.0)


def angle(R: Array) -> float:
    """Return the largest angle of a rotation in degrees."""
    return float(np.degrees(np.abs(np.angle(np.linalg.eigvals(R))).max()))


def odd_defect(adapter: AntiPaSTO) -> float:
    there, back = adapter.delta(W), adapter.reversed().delta(W)
    return float(np.linalg.norm(there + back) / np.linalg.norm(there - back))


@every_alpha
def test_rotation_is_the_cayley_map_of_the_paper(alpha: float) -> None:
    adapter = moved(alpha=alpha)
    A = alpha / 2 * skew(adapter.limit * np.tanh(adapter.A / adapter.limit), 16)
    expected = (np.eye(16) - A) @ np.linalg.inv(np.eye(16) + A)
    np.testing.assert_allclose(adapter.rotation(), expected, atol=1e-12)


@every_alpha
def test_shifts_move_the_chosen_singular_values_and_no_other(alpha: float) -> None:
    adapter, sigma = moved(alpha=alpha), thin_svd(W)[1]
    chosen = np.isin(sigma, adapter.S)
    assert chosen.sum() == 16
    sigma[chosen] = np.abs(adapter.S + alpha * adapter.shift)
    after = singular_values(W + adapter.delta(W))
    np.testing.assert_allclose(after, np.sort(sigma)[::-1], atol=1e-12)


def test_opposite_coefficients_make_opposite_changes_to_first_order_only() -> None:
    adapter = replace(moved(theta_max=165.0), shift=np.zeros(16))
    small, middle, large = (
        odd_defect(replace(adapter, A=scale * adapter.A)) for scale in (0.01, 0.1, 1.0)
    )
    np.testing.assert_allclose(middle / small, 10, rtol=0.05)
    assert small < 0.01
    assert large > 0.3


def test_limit_bounds_the_entries_of_a_and_not_the_angles_of_the_rotation() -> None:
    huge = {rank: moved(rank=rank) for rank in (2, 4, 16)}
    angles = {r: angle(replace(a, A=1e3 * a.A).rotation()) for r, a in huge.items()}
    assert angles[2] <= 60 + 1e-9
    assert angles[4] > 60
    assert angles[16] > 120


def test_directions_are_chosen_by_singular_value_times_spread_a_third_for_each_kind() -> None:
    S, Vt = np.array([5.0, 4.0, 3.0, 2.0, 1.0, 0.5]), np.eye(6)
    flip = np.array([[1.0, -1.0]])
    chosen = np.array([[0, 0, 0, 9, 0, 0]]).T * flip
    rejected = np.array([[0, 0, 0, 9, 9, 0]]).T * flip
    assert choose(S, Vt, chosen, rejected, 1).tolist() == [3]
    assert choose(S, Vt, chosen, rejected, 2).tolist() == [3, 4]
    assert choose(S, Vt, chosen, rejected, 3).tolist() == [0, 3, 4]


@every_alpha
def test_at_a_fixed_coefficient_it_is_ssvd_in_the_chosen_directions(alpha: float) -> None:
    rng = np.random.default_rng(1)
    adapter = perturbed(AntiPaSTO.init(W, rng, alpha=alpha, rank=16, selection="top"), rng, 1.0)
    bounded = adapter.limit * np.tanh(adapter.A / adapter.limit)
    ssvd = SSVD.init(W, rng, rank=16, constraint="strict")
    ssvd = replace(ssvd, K=alpha / 2 * bounded, d_sigma=alpha * adapter.shift)
    np.testing.assert_allclose(ssvd.delta(W), adapter.delta(W), atol=1e-12)
