"""Claims of OFT's paper."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.linalg import Array, row_norms, thin_svd
from adapters_np.methods.oft import OFT
from tests.toy import cosines, singular_values, weight

D_OUT, D_IN = 24, 32


def moved(
    block_size: int = 8, step: float = 1.0, *, block_share: bool = False, epsilon: float = 0.0
) -> OFT:
    rng = np.random.default_rng(1)
    fresh = OFT.init(
        weight(D_OUT, D_IN),
        rng,
        block_size=block_size,  # type: ignore[arg-type]
        block_share=block_share,
        epsilon=epsilon,
    )
    return perturbed(fresh, rng, step)


def after(adapter: OFT) -> Array:
    W = weight(D_OUT, D_IN)
    return W + adapter.delta(W)


def energy(W: Array) -> float:
    """The hyperspherical energy: inverse distances between the directions of neurons, summed."""
    unit = W / row_norms(W)[:, None]
    distances = np.linalg.norm(unit[:, None] - unit, axis=-1)
    return float((1 / distances[~np.eye(len(W), dtype=bool)]).sum())


@pytest.mark.parametrize("block_size", [2, 8, 32])
def test_r_is_a_rotation(block_size: int) -> None:
    R = moved(block_size).rotation()
    np.testing.assert_allclose(R.T @ R, np.eye(D_IN), atol=1e-13)
    assert abs(np.linalg.det(R) - 1) < 1e-12


def test_change_is_that_of_the_weight_times_r_transposed() -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    np.testing.assert_allclose(after(adapter), W @ adapter.rotation().T, atol=1e-13)


def test_norms_of_neurons_and_angles_between_them_stay() -> None:
    W, turned = weight(D_OUT, D_IN), after(moved())
    np.testing.assert_allclose(row_norms(turned), row_norms(W), atol=1e-13)
    np.testing.assert_allclose(turned @ turned.T, W @ W.T, atol=1e-13)
    assert abs(energy(turned) / energy(W) - 1) < 1e-12


def test_singular_values_and_left_singular_vectors_stay() -> None:
    W, turned = weight(D_OUT, D_IN), after(moved())
    np.testing.assert_allclose(singular_values(turned), singular_values(W), atol=1e-13)
    U, sigma, _ = thin_svd(W)
    U_turned, _, _ = thin_svd(turned)
    np.testing.assert_allclose(U_turned, U, atol=1e-10)
    assert np.diff(sigma).max() < -1e-3  # distinct, so the vectors are comparable


def test_norms_of_columns_do_not_stay_but_those_of_whole_blocks_do() -> None:
    W, turned = weight(D_OUT, D_IN), after(moved(8))
    columns = np.linalg.norm(turned, axis=0) - np.linalg.norm(W, axis=0)
    assert np.abs(columns).max() > 0.05
    before = np.linalg.norm(W.reshape(D_OUT, -1, 8), axis=(0, 2))
    np.testing.assert_allclose(
        np.linalg.norm(turned.reshape(D_OUT, -1, 8), axis=(0, 2)), before, atol=1e-13
    )


def test_turning_the_outputs_instead_would_change_the_angles() -> None:
    W, R = weight(D_IN, D_IN), moved().rotation()
    assert np.abs(cosines(R @ W) - cosines(W)).max() > 0.1
    np.testing.assert_allclose(cosines(W @ R.T), cosines(W), atol=1e-13)


def test_change_has_full_rank_and_at_most_b_where_one_block_turns() -> None:
    W, adapter = weight(D_OUT, D_IN), moved(8)
    assert np.linalg.matrix_rank(adapter.delta(W)) == D_OUT
    one = np.zeros_like(adapter.Q)
    one[1] = adapter.Q[1]
    assert np.linalg.matrix_rank(replace(adapter, Q=one).delta(W)) == 8


@pytest.mark.parametrize("step", [1.0, 100.0])
def test_change_is_never_longer_than_twice_the_weight(step: float) -> None:
    W, adapter = weight(D_OUT, D_IN), moved(step=step)
    gap = np.linalg.norm(adapter.rotation() - np.eye(D_IN), 2)
    change, before = np.linalg.norm(adapter.delta(W)), np.linalg.norm(W)
    assert change <= gap * before <= 2 * before * (1 + 1e-9)


def test_negative_q_turns_back() -> None:
    adapter = moved()
    back = replace(adapter, Q=-adapter.Q)
    np.testing.assert_allclose(back.rotation(), adapter.rotation().T, atol=1e-13)


def test_paper_counts_960_parameters_for_8_blocks_of_a_128_by_128_weight() -> None:
    assert parameters(OFT, 128, 128, block_size=16) == 960
    assert parameters(OFT, 128, 128, block_size=16, block_share=True) == 120


def test_shared_block_repeats_along_the_diagonal() -> None:
    R = moved(8, block_share=True).rotation()
    assert (R[:8, :8] == R[24:, 24:]).all()
    assert not R[:8, 8:].any()


def test_coft_stays_in_its_ball_and_leaves_what_is_inside_alone() -> None:
    far, near = moved(epsilon=0.2), moved(step=0.01, epsilon=0.2)
    assert np.linalg.norm(far.rotation() - np.eye(D_IN)) <= 2 * 0.2
    assert np.linalg.norm(moved().rotation() - np.eye(D_IN)) > 2 * 0.2
    free = replace(near, epsilon=0.0)
    np.testing.assert_allclose(near.rotation(), free.rotation(), atol=1e-15)
