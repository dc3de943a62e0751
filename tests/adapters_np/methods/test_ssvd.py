"""Claims of SSVD's paper."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import Array, rotate_blocks, thin_svd
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


def test_first_order_map_misses_orthogonality_by_four_times_the_square_of_k() -> None:
    adapter = moved(TALL, constraint="approximate")
    G = adapter.rotation()
    K = (np.eye(12) - G) / 2
    np.testing.assert_allclose(G.T @ G, np.eye(12) + 4 * K.T @ K, atol=1e-12)
    defect = np.linalg.norm(G.T @ G - np.eye(12), 2)
    np.testing.assert_allclose(defect, 4 * np.linalg.norm(K, 2) ** 2, rtol=1e-12)


def test_oft_with_one_block_makes_the_same_change_without_shifts() -> None:
    adapter = moved(TALL, shift=0)
    turn = adapter.rotation().T - np.eye(12)
    R = np.eye(48) + adapter.Vt.T @ turn @ adapter.Vt
    np.testing.assert_allclose(R.T @ R, np.eye(48), atol=1e-12)
    np.testing.assert_allclose(rotate_blocks(TALL, R[None]), TALL + adapter.delta(TALL), atol=1e-12)
