"""Claims of GOFT's paper, and where it claims too much."""

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array, mix_pairs, plane_rotations
from adapters_np.methods.goft import GOFT, ROUNDS, Form
from tests.toy import jacobian_rank, singular_values, weight

FORMS: tuple[Form, ...] = ("parallel", "sequential")
both_forms = pytest.mark.parametrize("form", FORMS)


def moved(d: int = 64, form: Form = "parallel") -> GOFT:
    rng = np.random.default_rng(1)
    return perturbed(GOFT.init(weight(48, d), rng, form=form), rng, 2.0)


@both_forms
@pytest.mark.parametrize("d", [5, 8, 24, 64])
def test_r_is_a_rotation_with_one_angle_less_than_coordinates(form: Form, d: int) -> None:
    adapter = moved(d, form)
    R = adapter.rotation()
    assert adapter.theta.size == d - 1
    np.testing.assert_allclose(R.T @ R, np.eye(d), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1)


@both_forms
def test_spectrum_lengths_and_angles_of_neurons_stay(form: Form) -> None:
    W = weight(48, 64)
    after = W + moved(64, form).delta(W)
    np.testing.assert_allclose(singular_values(after), singular_values(W), atol=1e-12)
    np.testing.assert_allclose(after @ after.T, W @ W.T, atol=1e-12)


@both_forms
def test_merged_weight_is_w_times_r_transposed(form: Form) -> None:
    W, adapter = weight(48, 64), moved(64, form)
    np.testing.assert_allclose(W + adapter.delta(W), W @ adapter.rotation().T, atol=1e-12)


def givens(d: int, i: int, j: int, theta: float) -> Array:
    G = np.eye(d)
    G[i, i] = G[j, j] = np.cos(theta)
    G[i, j], G[j, i] = -np.sin(theta), np.sin(theta)
    return G


def test_parallel_form_is_the_product_of_equations_3_and_4() -> None:
    adapter = moved(8)
    planes = [(0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (4, 6), (0, 4)]
    R = np.eye(8)
    for (i, j), theta in zip(planes, adapter.theta, strict=True):
        R = givens(8, i, j, theta) @ R
    np.testing.assert_allclose(adapter.rotation(), R, atol=1e-12)


def test_sequential_form_is_the_product_of_neighbouring_planes() -> None:
    adapter = moved(8, "sequential")
    R = np.eye(8)
    for k, theta in enumerate(adapter.theta, start=1):
        R = R @ givens(8, k - 1, k, theta)
    np.testing.assert_allclose(adapter.rotation(), R, atol=1e-12)


@both_forms
@pytest.mark.parametrize("d", [4, 8, 16])
def test_angles_move_r_in_d_minus_1_ways_where_rotations_have_more(form: Form, d: int) -> None:
    def rotation(theta: Array) -> Array:
        return GOFT(theta, form).rotation()

    assert jacobian_rank(rotation, moved(d, form).theta) == d - 1 < d * (d - 1) // 2


@both_forms
def test_angles_exist_that_turn_any_vector_to_the_first_axis(form: Form) -> None:
    x = np.random.default_rng(3).normal(size=16)
    theta, y = np.zeros(15), x
    for p, q, pairs in ROUNDS[form](16):
        theta[pairs] = -np.arctan2(y[q], y[p])
        y = mix_pairs(y[None], [(p, q, pairs)], plane_rotations(theta))[0]
    reached = GOFT(theta, form).rotation() @ x
    np.testing.assert_allclose(reached, np.linalg.norm(x) * np.eye(16)[0], atol=1e-12)


@both_forms
def test_no_angles_turn_the_first_axis_to_the_last(form: Form) -> None:
    for angles in np.random.default_rng(3).uniform(-np.pi, np.pi, size=(20, 15)):
        assert GOFT(angles, form).rotation()[-1, 0] == pytest.approx(0, abs=1e-12)


def test_sequential_r_is_hessenberg() -> None:
    R = moved(64, "sequential").rotation()
    assert not np.tril(R, -2).any()
    assert np.abs(np.diag(R, -1)).min() > 0


@pytest.mark.parametrize("rounds", [2, 4, 6])
def test_parallel_r_has_d_times_log_2d_entries(rounds: int) -> None:
    d = 2**rounds
    assert (np.abs(moved(d).rotation()) > 0).sum() == d * (rounds + 1)


def test_equal_angles_of_45_degrees_give_the_haar_wavelets() -> None:
    d = 16
    R = np.abs(GOFT(np.full(d - 1, np.pi / 4), "parallel").rotation())
    np.testing.assert_allclose(R[0], 1 / np.sqrt(d))  # the mean
    for j in range(1, d):
        stride = j & -j  # coordinate j loses its match in the round with this stride
        support = slice(j - stride, j + stride)
        np.testing.assert_allclose(R[j, support], 1 / np.sqrt(2 * stride))
        assert R[j].sum() == pytest.approx(R[j, support].sum())


def test_odd_coordinates_meet_one_rotation_and_the_first_meets_log_d() -> None:
    meetings = np.zeros(64, int)
    for angle in range(63):
        theta = np.zeros(63)
        theta[angle] = 0.5
        moved_rows = np.abs(GOFT(theta, "parallel").rotation() - np.eye(64)).any(axis=1)
        meetings += moved_rows
    assert (meetings[1::2] == 1).all()
    assert meetings[0] == 6
