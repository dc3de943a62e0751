"""Claims of HRA's paper."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import thin_svd
from adapters_np.methods.hra import HRA
from tests.toy import singular_values, weight

both_ends = pytest.mark.parametrize("orthonormal", [False, True])


def fresh(rank: int = 8, *, orthonormal: bool = False) -> HRA:
    return HRA.init(weight(48, 64), np.random.default_rng(1), rank=rank, orthonormal=orthonormal)


def moved(rank: int = 8, *, orthonormal: bool = False) -> HRA:
    return perturbed(fresh(rank, orthonormal=orthonormal), np.random.default_rng(2), 2.0)


@pytest.mark.parametrize("rank", [2, 8])
def test_an_even_number_of_free_normals_starts_at_the_identity(rank: int) -> None:
    np.testing.assert_allclose(fresh(rank).rotation(), np.eye(64), atol=1e-12)


def test_an_odd_number_starts_with_one_reflection_left() -> None:
    H = fresh(5).rotation()
    assert np.linalg.matrix_rank(H - np.eye(64), tol=1e-9) == 1
    assert np.linalg.det(H) == pytest.approx(-1)


def test_orthonormal_normals_never_start_at_the_identity() -> None:
    H = fresh(8, orthonormal=True).rotation()
    assert np.linalg.norm(H - np.eye(64)) == pytest.approx(2 * np.sqrt(8))


@both_ends
@pytest.mark.parametrize("rank", [1, 4, 7])
def test_h_is_orthogonal_and_each_reflection_turns_the_sign_of_its_determinant(
    rank: int, orthonormal: bool
) -> None:
    H = moved(rank, orthonormal=orthonormal).rotation()
    np.testing.assert_allclose(H.T @ H, np.eye(64), atol=1e-12)
    assert np.linalg.det(H) == pytest.approx((-1) ** rank)


def test_orthonormal_normals_make_h_symmetric_and_its_own_inverse() -> None:
    H = moved(orthonormal=True).rotation()
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    np.testing.assert_allclose(H @ H, np.eye(64), atol=1e-12)
    H = moved().rotation()
    assert np.abs(H - H.T).max() > 0.01


@both_ends
@pytest.mark.parametrize("rank", [1, 4, 8])
def test_change_has_rank_r_for_independent_normals(rank: int, orthonormal: bool) -> None:
    adapter = moved(rank, orthonormal=orthonormal)
    sigma = singular_values(adapter.delta(weight(48, 64)))
    assert (sigma > 1e-10 * sigma[0]).sum() == rank


def test_dependent_normals_lower_the_rank() -> None:
    mixture = np.random.default_rng(3).normal(size=(2, 4))
    H = HRA(moved(2).V @ mixture, False).rotation()
    assert np.linalg.matrix_rank(H - np.eye(64), tol=1e-9) == 2


@both_ends
def test_spectrum_lengths_and_angles_of_neurons_stay(orthonormal: bool) -> None:
    W = weight(48, 64)
    after = W + moved(orthonormal=orthonormal).delta(W)
    np.testing.assert_allclose(singular_values(after), singular_values(W), atol=1e-12)
    np.testing.assert_allclose(after @ after.T, W @ W.T, atol=1e-12)


def test_inputs_orthogonal_to_all_normals_pass_unchanged() -> None:
    W, adapter = weight(48, 64), moved()
    Q = np.linalg.qr(adapter.V)[0]
    X = np.random.default_rng(3).normal(size=(64, 5))
    X -= Q @ (Q.T @ X)
    np.testing.assert_allclose(adapter.forward(W, X), W @ X, atol=1e-12)


def test_two_normals_turn_their_plane_by_twice_their_angle() -> None:
    phi = 0.4
    V = np.zeros((64, 2))
    V[0] = 1, np.cos(phi)
    V[1] = 0, np.sin(phi)
    turn = HRA(V, False).rotation()[:2, :2]
    c, s = np.cos(2 * phi), np.sin(2 * phi)
    np.testing.assert_allclose(np.abs(turn), np.abs([[c, s], [s, c]]), atol=1e-12)
    assert np.trace(turn) == pytest.approx(2 * c)


def test_training_opens_the_angle_of_a_fresh_pair() -> None:
    W, adapter = weight(48, 64), fresh(2)
    G, h = np.random.default_rng(3).normal(size=(48, 64)), 1e-6
    slopes = np.zeros_like(adapter.V)
    for index in np.ndindex(adapter.V.shape):
        step = np.zeros_like(adapter.V)
        step[index] = h
        up, down = (replace(adapter, V=adapter.V + s).delta(W) for s in (step, -step))
        slopes[index] = ((up - down) * G).sum() / (2 * h)
    assert np.linalg.norm(slopes) > 1
    np.testing.assert_allclose(slopes[:, 0], -slopes[:, 1], atol=1e-6)


def test_no_normals_move_w_further_than_its_top_singular_vectors() -> None:
    W = weight(48, 64)
    _, sigma, Vt = thin_svd(W)
    furthest = np.linalg.norm(HRA(Vt[:8].T, True).delta(W))
    assert furthest == pytest.approx(2 * np.sqrt((sigma[:8] ** 2).sum()))
    mixtures = np.random.default_rng(3).normal(size=(200, 8, 8))
    assert max(np.linalg.norm(HRA(Vt[:8].T @ M, False).delta(W)) for M in mixtures) < furthest


def test_order_matters_unless_the_normals_are_orthogonal() -> None:
    W = weight(48, 64)
    free, strict = moved(), moved(orthonormal=True)
    turned_round = replace(free, V=free.V[:, ::-1])
    assert np.abs(turned_round.delta(W) - free.delta(W)).max() > 0.01
    turned_round = replace(free, V=strict.normals()[:, ::-1])
    np.testing.assert_allclose(turned_round.delta(W), strict.delta(W), atol=1e-12)


@both_ends
def test_compact_form_gives_the_same_matrix(orthonormal: bool) -> None:
    adapter = moved(orthonormal=orthonormal)
    U, Gamma = adapter.normals(), adapter.gamma()
    np.testing.assert_allclose(np.eye(64) + U @ Gamma @ U.T, adapter.rotation(), atol=1e-12)
    np.testing.assert_allclose(Gamma, np.triu(Gamma), atol=1e-12)
    np.testing.assert_allclose(np.diag(Gamma), -2)
