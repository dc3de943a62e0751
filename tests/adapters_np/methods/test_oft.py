"""Claims of OFT's paper."""

from dataclasses import replace

import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.oft import OFT
from tests.toy import weight

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
