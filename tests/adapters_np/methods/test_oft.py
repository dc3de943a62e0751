"""Claims of OFT's paper on COFT."""

from dataclasses import replace
from functools import partial

import numpy as np

from adapters_np.methods.oft import OFT
from tests.toy import stepped, weight

moved = partial(stepped, OFT, weight(24, 32))


def test_coft_stays_in_its_ball_and_leaves_what_is_inside_alone() -> None:
    far, near = moved(epsilon=0.2), moved(step=0.01, epsilon=0.2)
    assert np.linalg.norm(far.rotation() - np.eye(32)) <= 2 * 0.2
    assert np.linalg.norm(moved().rotation() - np.eye(32)) > 2 * 0.2
    free = replace(near, epsilon=0.0)
    np.testing.assert_allclose(near.rotation(), free.rotation(), atol=1e-15)
