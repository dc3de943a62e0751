"""Slopes of many numbers at once against those of one number after another."""

from typing import Any

import numpy as np
import pytest

from adapters_np.core import Adapter, flatten, load, restore
from adapters_np.fit import goal
from adapters_np.linalg import Array
from adapters_np.slopes import STEP, Slopes, gram, jacobian
from tests.toy import weight

W = weight(16, 16)
CHANGE = np.random.default_rng(5).normal(size=W.shape) / 8

SPARSE: list[tuple[str, dict[str, Any], int]] = [
    ("loha", {"rank": 2}, 9),
    ("randlora", {"rank": 4}, 21),
    ("vblora", {"num_vectors": 4, "rank": 2, "vector_length": 4}, 80),
]
"""Methods with numbers that touch few entries, and the most residuals that slopes then take."""


@pytest.mark.parametrize(("slug", "knobs", "most"), SPARSE)
def test_numbers_that_are_moved_together_have_the_slopes_that_they_have_alone(
    slug: str, knobs: dict[str, Any], most: int
) -> None:
    """VB-LoRA's numbers touch other entries whenever its choice is another."""
    adapter = load(slug).init(W, np.random.default_rng(1), **knobs)
    asked = list[None]()
    residual, _ = goal(adapter, W, CHANGE, None)

    def counted(moved: Adapter) -> Array:
        asked.append(None)
        return residual(moved)

    slopes, theta = Slopes(counted, adapter), flatten(adapter)
    for seed in range(6):
        point = theta + np.random.default_rng(seed).normal(size=theta.shape)
        r = residual(restore(adapter, point))
        along = slopes.along(point, r)
        asked.clear()
        J = slopes.at(point, r)
        np.testing.assert_array_equal(J, jacobian(residual, adapter, point, r, STEP))
        np.testing.assert_allclose(slopes.gram(J), J @ J.T, atol=1e-9)
        np.testing.assert_allclose(along, J @ r, atol=1e-9)
    assert len(asked) <= most


@pytest.mark.parametrize("shape", [(1, 5), (64, 64), (65, 130), (130, 63)])
def test_the_product_of_a_jacobian_with_itself_is_the_product(shape: tuple[int, int]) -> None:
    J = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(gram(J), J @ J.T, atol=1e-12)
    np.testing.assert_allclose(gram(J, rows=7), J @ J.T, atol=1e-12)
