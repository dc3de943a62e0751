"""Claims of HRA's paper."""

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.hra import HRA
from tests.toy import weight


def fresh(rank: int = 8, *, orthonormal: bool = False) -> HRA:
    return HRA.init(weight(48, 64), np.random.default_rng(1), rank=rank, orthonormal=orthonormal)


def moved(rank: int = 8, *, orthonormal: bool = False) -> HRA:
    return perturbed(fresh(rank, orthonormal=orthonormal), np.random.default_rng(2), 2.0)


def test_orthonormal_normals_make_h_symmetric_and_its_own_inverse() -> None:
    H = moved(orthonormal=True).rotation()
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    np.testing.assert_allclose(H @ H, np.eye(64), atol=1e-12)
    H = moved().rotation()
    assert np.abs(H - H.T).max() > 0.01


def test_two_normals_turn_their_plane_by_twice_their_angle() -> None:
    phi = 0.4
    V = np.zeros((64, 2))
    V[0] = 1, np.cos(phi)
    V[1] = 0, np.sin(phi)
    turn = HRA(V, False).rotation()[:2, :2]
    c, s = np.cos(2 * phi), np.sin(2 * phi)
    np.testing.assert_allclose(np.abs(turn), np.abs([[c, s], [s, c]]), atol=1e-12)
    assert np.trace(turn) == pytest.approx(2 * c)
