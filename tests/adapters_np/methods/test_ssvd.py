"""Claims of SSVD's paper."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.linalg import Array, rotate_blocks, row_norms, thin_svd
from adapters_np.methods.lora import LoRA
from adapters_np.methods.ssvd import SSVD
from tests.toy import singular_values, weight

TALL, WIDE = weight(64, 48), weight(48, 64)
both_shapes = pytest.mark.parametrize("W", [TALL, WIDE], ids=["tall", "wide"])
Constraint = Literal["approximate", "strict", "none"]


def moved(
    W: Array, k: int = 12, constraint: Constraint = "strict", *, shift: float = 1.0, **knobs: Any
) -> SSVD:
    rng = np.random.default_rng(1)
    adapter = perturbed(SSVD.init(W, rng, rank=k, constraint=constraint, **knobs), rng, 1.0)
    return replace(adapter, d_sigma=shift * adapter.d_sigma)


@both_shapes
def test_strict_rotation_without_shifts_keeps_every_singular_value(W: Array) -> None:
    after = W + moved(W, shift=0).delta(W)
    np.testing.assert_allclose(singular_values(after), singular_values(W), atol=1e-12)


@both_shapes
def test_strict_rotation_with_shifts_has_the_shifted_singular_values(W: Array) -> None:
    adapter, sigma = moved(W), singular_values(W)
    sigma[:12] += adapter.d_sigma
    after = singular_values(W + adapter.delta(W))
    np.testing.assert_allclose(after, np.sort(np.abs(sigma))[::-1], atol=1e-12)


@both_shapes
def test_left_singular_vectors_stay_under_rotation_and_shifts(W: Array) -> None:
    U, _, Vt = thin_svd(W)
    after = W + moved(W).delta(W)
    core = U.T @ after @ after.T @ U
    np.testing.assert_allclose(core, np.diag(np.diag(core)), atol=1e-12)
    core = Vt @ after.T @ after @ Vt.T
    assert np.abs(core - np.diag(np.diag(core))).max() > 0.1


@both_shapes
def test_rotation_of_inputs_keeps_the_norms_and_angles_of_neurons_and_not_those_of_inputs(
    W: Array,
) -> None:
    after = W + moved(W, shift=0).delta(W)
    np.testing.assert_allclose(after @ after.T, W @ W.T, atol=1e-12)
    np.testing.assert_allclose(row_norms(after), row_norms(W), atol=1e-12)
    assert np.abs(after.T @ after - W.T @ W).max() > 0.05


@both_shapes
def test_rotation_of_outputs_keeps_the_other_gram_matrix(W: Array) -> None:
    after = W + moved(W, shift=0, side="output").delta(W)
    np.testing.assert_allclose(after.T @ after, W.T @ W, atol=1e-12)
    assert np.abs(after @ after.T - W @ W.T).max() > 0.05


def test_change_stays_within_the_k_leading_singular_directions() -> None:
    delta = moved(TALL).delta(TALL)
    U, sigma, Vt = thin_svd(TALL)
    assert np.linalg.matrix_rank(delta) == 12
    np.testing.assert_allclose(U[:, :12] @ U[:, :12].T @ delta, delta, atol=1e-12)
    np.testing.assert_allclose(delta @ Vt[:12].T @ Vt[:12], delta, atol=1e-12)
    after = U.T @ (TALL + delta) @ Vt.T
    np.testing.assert_allclose(after[12:, 12:], np.diag(sigma[12:]), atol=1e-12)


def test_norm_of_the_change_is_that_of_its_core() -> None:
    adapter = moved(TALL)
    expected = np.linalg.norm(adapter.core())
    np.testing.assert_allclose(np.linalg.norm(adapter.delta(TALL)), expected, rtol=1e-12)


def test_first_order_map_misses_orthogonality_by_four_times_the_square_of_k() -> None:
    adapter = moved(TALL, constraint="approximate")
    G = adapter.rotation()
    K = (np.eye(12) - G) / 2
    np.testing.assert_allclose(G.T @ G, np.eye(12) + 4 * K.T @ K, atol=1e-12)
    defect = np.linalg.norm(G.T @ G - np.eye(12), 2)
    np.testing.assert_allclose(defect, 4 * np.linalg.norm(K, 2) ** 2, rtol=1e-12)


def test_first_order_map_stretches_and_never_shrinks() -> None:
    stretch = singular_values(moved(TALL, constraint="approximate").rotation())
    assert stretch.min() >= 1 - 1e-12
    assert stretch.max() > 1.1


def test_first_order_map_keeps_the_spectrum_to_second_order() -> None:
    adapter = moved(TALL, constraint="approximate", shift=0)

    def drift(scale: float) -> float:
        after = TALL + replace(adapter, K=scale * adapter.K).delta(TALL)
        return float(np.abs(singular_values(after) - singular_values(TALL)).max())

    assert drift(0.1) > 1e-4
    np.testing.assert_allclose(drift(0.1) / drift(0.01), 100, rtol=0.05)


def test_both_maps_agree_to_first_order() -> None:
    strict, approximate = moved(TALL), moved(TALL, constraint="approximate")
    assert (strict.K == approximate.K).all()
    small = [replace(a, K=1e-4 * a.K).rotation() for a in (strict, approximate)]
    assert np.abs(small[0] - small[1]).max() < 1e-6 < np.abs(small[0] - np.eye(12)).max()


def test_opposite_k_turns_back() -> None:
    adapter = moved(TALL)
    back = replace(adapter, K=-adapter.K)
    np.testing.assert_allclose(adapter.rotation() @ back.rotation(), np.eye(12), atol=1e-12)


def test_parameters_are_k_times_k_plus_one_over_two_and_twice_that_without_constraint() -> None:
    assert parameters(SSVD, 64, 48, rank=12) == 12 * 13 // 2
    assert parameters(SSVD, 64, 48, rank=12, constraint="strict") == 12 * 13 // 2
    assert parameters(SSVD, 64, 48, rank=12, constraint="none") == 12 * 13


def test_without_constraint_every_core_is_reached() -> None:
    adapter, rng = moved(TALL, constraint="none", shift=0), np.random.default_rng(4)
    G = rng.normal(size=(12, 12))
    free = replace(adapter, K=(np.eye(12) - G).ravel() / 2)
    np.testing.assert_allclose(free.rotation(), G, atol=1e-12)


def test_oft_with_one_block_makes_the_same_change_without_shifts() -> None:
    adapter = moved(TALL, shift=0)
    turn = adapter.rotation().T - np.eye(12)
    R = np.eye(48) + adapter.Vt.T @ turn @ adapter.Vt
    np.testing.assert_allclose(R.T @ R, np.eye(48), atol=1e-12)
    np.testing.assert_allclose(rotate_blocks(TALL, R[None]), TALL + adapter.delta(TALL), atol=1e-12)


def test_lora_of_rank_k_makes_the_same_change() -> None:
    adapter = moved(TALL)
    lora = LoRA(adapter.core() @ adapter.Vt, adapter.U, 1.0)
    np.testing.assert_allclose(lora.delta(TALL), adapter.delta(TALL), atol=1e-12)
