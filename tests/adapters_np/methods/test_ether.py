"""Claims of ETHER's paper."""

from functools import partial

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.ether import ETHER
from adapters_np.methods.hra import HRA
from tests.toy import stepped, weight

any_blocks = pytest.mark.parametrize("blocks", [1, 2, 4, 8])
moved = partial(stepped, ETHER, weight(48, 64), blocks=1)


@any_blocks
def test_distance_from_the_identity_is_fixed_and_grows_with_blocks(blocks: int) -> None:
    for seed in range(5):
        adapter = perturbed(moved(blocks=blocks), np.random.default_rng(seed), 3.0)
        distance = np.linalg.norm(adapter.rotation() - np.eye(64))
        assert distance == pytest.approx(2 * np.sqrt(blocks))


def test_one_block_is_hra_with_one_reflection() -> None:
    W, adapter = weight(48, 64), moved()
    np.testing.assert_allclose(HRA(adapter.u.T, False).delta(W), adapter.delta(W), atol=1e-12)
