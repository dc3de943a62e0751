"""Claims of ETHER's paper."""

from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.ether import ETHER
from adapters_np.methods.hra import HRA
from tests.toy import weight

any_blocks = pytest.mark.parametrize("blocks", [1, 2, 4, 8])


def moved(blocks: Any = 1) -> ETHER:
    rng = np.random.default_rng(1)
    return perturbed(ETHER.init(weight(48, 64), rng, blocks=blocks), rng, 1.0)


@any_blocks
def test_h_is_orthogonal_symmetric_and_undoes_itself(blocks: int) -> None:
    H = moved(blocks).rotation()
    np.testing.assert_allclose(H.T @ H, np.eye(64), atol=1e-12)
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    np.testing.assert_allclose(H @ H, np.eye(64), atol=1e-12)


@any_blocks
def test_distance_from_the_identity_is_fixed_and_grows_with_blocks(blocks: int) -> None:
    for seed in range(5):
        adapter = perturbed(moved(blocks), np.random.default_rng(seed), 3.0)
        distance = np.linalg.norm(adapter.rotation() - np.eye(64))
        assert distance == pytest.approx(2 * np.sqrt(blocks))


def test_one_block_is_hra_with_one_reflection() -> None:
    W, adapter = weight(48, 64), moved()
    np.testing.assert_allclose(HRA(adapter.u.T, False).delta(W), adapter.delta(W), atol=1e-12)
