"""Claims of GOFT's paper on its relaxed form, qGOFT."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.linalg import plane_rotations
from adapters_np.methods.goft import GOFT
from adapters_np.methods.qgoft import QGOFT
from tests.toy import stepped, weight


def moved(d: int = 64) -> QGOFT:
    return stepped(QGOFT, weight(48, d), step=0.5)


def test_rotations_as_blocks_give_goft() -> None:
    W, theta = weight(48, 64), np.random.default_rng(2).normal(size=63)
    strict = replace(moved(), G=plane_rotations(theta))
    np.testing.assert_allclose(strict.delta(W), GOFT(theta, "parallel").delta(W), atol=1e-12)


def test_penalty_is_zero_for_orthogonal_columns_of_any_length() -> None:
    rng = np.random.default_rng(2)
    turned = plane_rotations(rng.normal(size=63))
    stretched = turned * rng.uniform(0.5, 2, size=(63, 1, 2))
    assert replace(moved(), G=stretched).penalty() == pytest.approx(0)
    assert moved().penalty() > 0
